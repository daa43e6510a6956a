"""The stand-in as one ASGI application."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.stand_in.shopify.control_routes import ControlRoutes
from tests.stand_in.shopify.place import Place


def application(place: Place) -> Starlette:
    """All routes, over one place."""
    return Starlette(
        routes=ControlRoutes(place).routes(),
        exception_handlers={KeyError: _missing, ValueError: _wrong},
    )


async def _missing(request: Request, error: Exception) -> Response:
    return JSONResponse({"errors": f"missing: {error}"}, 404)


async def _wrong(request: Request, error: Exception) -> Response:
    return JSONResponse({"errors": str(error)}, 400)
