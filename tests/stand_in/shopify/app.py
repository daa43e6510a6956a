"""The stand-in as one ASGI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.stand_in.shopify import bulk_rules
from tests.stand_in.shopify.bulk_download import BulkDownload
from tests.stand_in.shopify.bulk_operations import BulkOperations
from tests.stand_in.shopify.control_routes import ControlRoutes
from tests.stand_in.shopify.faulty_door import FaultyDoor
from tests.stand_in.shopify.graphql_route import GraphqlRoute
from tests.stand_in.shopify.oauth_route import OauthRoute
from tests.stand_in.shopify.place import Place
from tests.stand_in.shopify.signed_address import FOLDER
from tests.stand_in.shopify.storefront_routes import StorefrontRoutes
from tests.stand_in.shopify.webhook_routes import WebhookRoutes
from tests.stand_in.shopify.webhooks import Webhooks

# Importing them registers their rules.
RULES_OF = (bulk_rules,)


def application(place: Place) -> ASGIApp:
    """All routes, over one place."""
    graphql, oauth = GraphqlRoute(place), OauthRoute(place)
    place.bulk = BulkOperations(lambda: place.clock.now().timestamp(), place.shop.path.parent)
    download, webhooks = BulkDownload(place.bulk), Webhooks(place)

    @asynccontextmanager
    async def sending(_: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(webhooks.run())
        yield
        task.cancel()

    inside = Starlette(
        routes=[
            Route("/admin/api/{version}/graphql.json", graphql.answer, methods=["POST"]),
            Route("/admin/oauth/access_token", oauth.answer, methods=["POST"]),
            Route(f"{FOLDER}/{{name}}", download.answer),
            *StorefrontRoutes(place).routes(),
            *WebhookRoutes(place, webhooks).routes(),
            *ControlRoutes(place).routes(),
        ],
        lifespan=sending,
        exception_handlers={KeyError: _missing, ValueError: _wrong},
    )
    # Outside of everything: it cuts the connection itself.
    return FaultyDoor(inside, place)


async def _missing(request: Request, error: Exception) -> Response:
    return JSONResponse({"errors": f"missing: {error}"}, 404)


async def _wrong(request: Request, error: Exception) -> Response:
    return JSONResponse({"errors": str(error)}, 400)
