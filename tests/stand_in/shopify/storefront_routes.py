"""The shop's storefront and checkout, as far as an app sees of them."""

import aiohttp
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.stand_in.shopify.app_proxy import Call, Proxy, Visit, forward
from tests.stand_in.shopify.checkout_token import App, Flaw, checkout_token
from tests.stand_in.shopify.place import Place
from tests.stand_in.shopify.webhook_post import session

VISITOR = "x-stand-in-customer"
"Who is logged in: Shopify knows it from its cookie."
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


class StorefrontRoutes:
    """``/apps/…`` goes to the app; tokens are minted on demand."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._proxy: Proxy | None = None
        self._late_s = 0.0

    def routes(self) -> list[Route]:
        """For the application."""
        return [
            Route("/apps/{rest:path}", self.forward, methods=METHODS),
            Route("/_stand_in/app_proxy", self.configure, methods=["POST"]),
            Route("/_stand_in/faults/app_proxy", self.spoil, methods=["POST"]),
            Route("/_stand_in/checkout_token", self.mint, methods=["POST"]),
        ]

    async def configure(self, request: Request) -> Response:
        """``{"url", "prefix", "subpath"}``, as in the app's toml."""
        self._proxy = Proxy(**await request.json())
        return Response(status_code=204)

    async def spoil(self, request: Request) -> Response:
        """``{"late_s"}``: timestamps so many seconds in the past (negative: the future)."""
        self._late_s = float((await request.json())["late_s"])
        return Response(status_code=204)

    async def forward(self, request: Request) -> Response:
        """A storefront's call, signed, to the app; the app's answer, without cookies."""
        proxy, path = self._proxy, request.url.path
        if proxy is None or not path.startswith(proxy.path):
            return Response("Not Found", 404)
        visit = Visit(
            self._place.shop.domain,
            proxy.path,
            int(self._place.clock.now().timestamp() - self._late_s),
            request.headers.get(VISITOR, ""),
        )
        headers = {name: value for name, value in request.headers.items() if name != VISITOR}
        rest = path.removeprefix(proxy.path)
        call = Call(request.method, rest, request.url.query, headers, await request.body())
        secret = self._place.app.client_secret
        try:
            async with session() as connections:
                answer = await forward(connections, proxy, call, visit, secret)
        except (aiohttp.ClientError, TimeoutError):
            return Response("There was an error in the third-party application.", 502)
        return Response(answer.body, answer.status, answer.headers)

    async def mint(self, request: Request) -> Response:
        """``{"customer", "flaw"}``, both may be left out → a checkout's session token."""
        said, here = await request.json(), self._place
        flaw = Flaw(said["flaw"]) if said.get("flaw") else None
        app = App(here.app.client_id, here.app.client_secret)
        now = int(here.clock.now().timestamp())
        token = checkout_token(here.shop.domain, app, now, said.get("customer"), flaw)
        return JSONResponse({"token": token}, 201)
