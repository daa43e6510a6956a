"""The stand-in as one ASGI application."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.stand_in.shopify.control_routes import ControlRoutes
from tests.stand_in.shopify.faulty_door import FaultyDoor
from tests.stand_in.shopify.graphql_route import GraphqlRoute
from tests.stand_in.shopify.oauth_route import OauthRoute
from tests.stand_in.shopify.place import Place


def application(place: Place) -> ASGIApp:
    """All routes, over one place."""
    graphql, oauth = GraphqlRoute(place), OauthRoute(place)
    inside = Starlette(
        routes=[
            Route("/admin/api/{version}/graphql.json", graphql.answer, methods=["POST"]),
            Route("/admin/oauth/access_token", oauth.answer, methods=["POST"]),
            *ControlRoutes(place).routes(),
        ],
        exception_handlers={KeyError: _missing, ValueError: _wrong},
    )
    # Outside of everything: it cuts the connection itself.
    return FaultyDoor(inside, place)


async def _missing(request: Request, error: Exception) -> Response:
    return JSONResponse({"errors": f"missing: {error}"}, 404)


async def _wrong(request: Request, error: Exception) -> Response:
    return JSONResponse({"errors": str(error)}, 400)
