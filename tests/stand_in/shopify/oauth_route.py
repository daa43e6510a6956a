"""``POST /admin/oauth/access_token``: client credentials, expiring tokens, refresh."""

from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.stand_in.shopify.installation import (
    CLIENT_CREDENTIALS_SECONDS,
    OFFLINE_SECONDS,
    REFRESH_SECONDS,
)
from tests.stand_in.shopify.place import Place

MAX_BODY = 64 << 10
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


class OauthRoute:
    """The endpoint, over one place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def answer(self, request: Request) -> Response:
        """Grant a token, or say why not."""
        said, app = await _said(request), self._place.app
        grant = said.get("grant_type", "authorization_code" if "code" in said else "")
        self._place.calls.append({"path": request.url.path, "grant": grant})
        if (said.get("client_id"), said.get("client_secret")) != (app.client_id, app.client_secret):
            return _refused("invalid_client", "Client authentication failed", 401)
        if grant == "client_credentials":
            return self._granted(CLIENT_CREDENTIALS_SECONDS)
        if grant == "refresh_token":
            return self._refreshed(said.get("refresh_token", ""))
        if grant in ("authorization_code", EXCHANGE):
            if said.get("expiring") != "1":
                return self._granted(None, outdated=True)
            return self._granted(OFFLINE_SECONDS, app.new_refresh_token())
        return _refused("unsupported_grant_type", f"Unknown grant type {grant!r}", 400)

    def _refreshed(self, old: str) -> Response:
        app = self._place.app
        if not app.use_refresh_token(old):
            text = "This request requires an active refresh_token"
            return _refused("invalid_request", text, 401)
        return self._granted(OFFLINE_SECONDS, app.new_refresh_token(replaces=old))

    def _granted(
        self, seconds: int | None, refresh: str | None = None, *, outdated: bool = False
    ) -> Response:
        token = self._place.app.mint(seconds, outdated=outdated)
        said: dict[str, Any] = {
            "access_token": token.text,
            "scope": ",".join(sorted(token.scopes)),
        }
        if seconds is not None:
            said["expires_in"] = seconds
        if refresh is not None:
            said["refresh_token"] = refresh
            said["refresh_token_expires_in"] = REFRESH_SECONDS
        return JSONResponse(said)


async def _said(request: Request) -> dict[str, str]:
    body = await request.body()
    if len(body) > MAX_BODY:
        return {}
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            said = await request.json()
        except ValueError:
            return {}
        return {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}
    return dict(parse_qsl(body.decode(errors="replace")))


def _refused(error: str, description: str, status: int) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
