"""The access token that is in force, renewed when it must be, by one process at a time.

https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode

import msgspec

from bentos.shopify_admin.clock import Clock
from bentos.shopify_admin.connection import Connection, ConnectionStore
from bentos.shopify_admin.errors import ShopClosed, Unauthorized, Unavailable
from bentos.shopify_admin.transport import Lost, Reply, Transport, site_of

ENDPOINT = "/admin/oauth/access_token"
EARLY = timedelta(minutes=2)
"A token is renewed so long before its end: a request begun with it must not outlive it."
TRIES = 5
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_AGAIN = "Connect the shop again: python -m training shop connect."


class Tokens(Protocol):
    """Where a client has its token from."""

    def token(self) -> str:
        """One that is in force; raises ShopifyError."""
        ...

    def renewed(self, refused: str) -> str:
        """Another one than ``refused``, which Shopify did not take; raises ShopifyError."""
        ...


class FixedToken:
    """A token somebody else looks after."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __repr__(self) -> str:
        return "FixedToken(…)"

    def token(self) -> str:
        """The one there is."""
        return self._token

    def renewed(self, refused: str) -> str:
        """There is no other: raises Unauthorized."""
        del refused
        raise Unauthorized("Shopify does not take this token (401)", _AGAIN)


class StoredTokens:
    """The tokens of a connected shop. Threads and processes may share a store."""

    def __init__(
        self,
        store: ConnectionStore,
        shop: str,
        *,
        clock: Clock,
        transport: Transport,
        site: str | None = None,
    ) -> None:
        self._store = store
        self._shop = shop
        self._clock = clock
        self._asking = Asking(transport, site_of(shop, site), clock)
        self._kept: Connection | None = None

    def __repr__(self) -> str:
        return f"StoredTokens({self._shop})"

    def token(self) -> str:
        """One that is in force for the next two minutes at least; raises ShopifyError."""
        kept = self._kept
        if kept is None or not self._in_force(kept):
            kept = self._renew(refused=None)
        return kept.access_token

    def renewed(self, refused: str) -> str:
        """Another one than ``refused``: what another process fetched meanwhile, or a new one."""
        return self._renew(refused).access_token

    def _renew(self, refused: str | None) -> Connection:
        with self._store.turn(self._shop):
            kept = self._store.read(self._shop)
            if not self._in_force(kept) or kept.access_token == refused:
                kept = self._asking.renewed(kept)
                self._store.write(kept)
        self._kept = kept
        return kept

    def _in_force(self, kept: Connection) -> bool:
        if not kept.access_token:
            return False
        return kept.expires_at is None or self._clock.now() < kept.expires_at - EARLY


class _Granted(msgspec.Struct):
    access_token: str
    scope: str = ""
    expires_in: int | None = None
    refresh_token: str | None = None
    refresh_token_expires_in: int | None = None


class Asking:
    """Asks a shop's token endpoint."""

    def __init__(self, transport: Transport, site: str, clock: Clock) -> None:
        self._transport = transport
        self._site = site
        self._clock = clock

    def renewed(self, kept: Connection) -> Connection:
        """The connection with a new token; raises ShopifyError."""
        if kept.grant == "static":
            hint = "It was revoked or the app was removed. " + _AGAIN
            raise Unauthorized("Shopify does not take this shop's token, which has no other", hint)
        fields = {"client_id": kept.client_id, "client_secret": kept.client_secret}
        if kept.grant == "client_credentials":
            return self.granted(kept, fields | {"grant_type": "client_credentials"})
        if kept.refresh_expires_at is not None and self._clock.now() >= kept.refresh_expires_at:
            raise Unauthorized("The refresh token has expired", _AGAIN)
        fields |= {"grant_type": "refresh_token", "refresh_token": kept.refresh_token}
        return self.granted(kept, fields)

    def of_code(self, kept: Connection, code: str) -> Connection:
        """The connection with the expiring offline token an authorization code is worth."""
        fields = {"client_id": kept.client_id, "client_secret": kept.client_secret}
        return self.granted(kept, fields | {"code": code, "expiring": "1"})

    def granted(self, kept: Connection, fields: Mapping[str, str]) -> Connection:
        """What one request to the endpoint gives; raises ShopifyError.

        A refresh may be sent again: the old refresh token stays good until the new one is used.
        """
        reply = self._reply(fields)
        if reply.status != 200:
            raise _refusal(reply)
        try:
            said = msgspec.json.decode(reply.body, type=_Granted)
        except msgspec.MsgspecError:
            raise Unavailable("The token endpoint answered something else than a token") from None
        return msgspec.structs.replace(
            kept,
            access_token=said.access_token,
            expires_at=self._after(said.expires_in),
            refresh_token=said.refresh_token or kept.refresh_token,
            refresh_expires_at=self._after(said.refresh_token_expires_in)
            or kept.refresh_expires_at,
            scopes=tuple(filter(None, said.scope.split(","))),
        )

    def _reply(self, fields: Mapping[str, str]) -> Reply:
        problem = ""
        for attempt in range(TRIES):
            if attempt:
                self._clock.sleep(2.0**attempt)
            try:
                reply = self._transport.post(
                    self._site + ENDPOINT, urlencode(fields).encode(), FORM
                )
            except Lost as lost:
                problem = str(lost)
                continue
            if reply.status != 429 and reply.status < 500:
                return reply
            problem = f"HTTP {reply.status}"
        raise Unavailable(f"The token endpoint gave no token: {problem}", "Try again later.")

    def _after(self, seconds: int | None) -> datetime | None:
        return None if seconds is None else self._clock.now() + timedelta(seconds=seconds)


def _refusal(reply: Reply) -> Unauthorized | ShopClosed:
    if reply.status in (402, 404, 423):
        return ShopClosed(f"HTTP {reply.status} for a token", "Look at the shop.", reply.status)
    try:
        said: Any = msgspec.json.decode(reply.body)
    except msgspec.MsgspecError:
        said = None
    # An error code is a word; anything longer might hold what was sent.
    code = said.get("error") if isinstance(said, dict) else None
    word = f" {code}" if isinstance(code, str) and code.isidentifier() and len(code) < 60 else ""
    return Unauthorized(
        f"Shopify gives no token for these credentials (HTTP {reply.status}{word})",
        "Check client id and secret, that the app is installed on the shop, and that both belong "
        "to one organization. " + _AGAIN,
    )
