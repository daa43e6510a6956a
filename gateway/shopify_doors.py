"""The doors Shopify signs for: the app proxy, and checkout extensions with a session token.

What comes through them is a visitor's browser. The signature says "through Shopify, for this
shop" and nothing else: bodies are unsigned, and even a signed parameter is whatever the page
asked for (the signature runs names and values together, so it cannot tell them apart).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import jwt
import msgspec
import structlog

from bentos.contract.documents import KeysBody, ShopifyApp
from bentos.contract.shopify import (
    SESSION_ALGORITHM,
    SESSION_LEEWAY_S,
    ProxyCall,
    SignatureRefused,
    Why,
    check_proxy_call,
    check_session_claims,
)
from bentos.shopify_secrets import ShopifySecrets
from gateway.auth import SCOPE_INFER, Authenticator, Principal, rates_of
from gateway.errors import Unauthorized, Unavailable

log = structlog.get_logger(__name__)

_SCHEME = b"bearer "
_REQUIRED_CLAIMS = ["aud", "exp", "nbf", "dest"]
MAX_TOKEN_BYTES = 4096
# The first that fits: what cannot be decoded at all is the last one's base class.
_WHY: tuple[tuple[type[Exception], Why], ...] = (
    (jwt.ExpiredSignatureError, Why.EXPIRED),
    (jwt.ImmatureSignatureError, Why.NOT_YET),
    (jwt.InvalidAudienceError, Why.AUDIENCE),
    (jwt.InvalidAlgorithmError, Why.ALGORITHM),
    (jwt.InvalidSignatureError, Why.SIGNATURE),
    (jwt.DecodeError, Why.MALFORMED),
    (jwt.InvalidTokenError, Why.CLAIM),
)


@dataclass(frozen=True, slots=True)
class _App:
    client_id: str
    domain: str
    references: tuple[str, ...]
    secrets: tuple[bytes, ...]
    proxy: Principal
    checkout: Principal

    def __repr__(self) -> str:
        return f"_App({self.client_id})"


Doors = tuple[ShopifySecrets, tuple[_App, ...]]
"""The apps of one document, and what their references point to."""


class ShopifyDoors:
    """The Shopify apps of this installation's shop, with their secrets in memory."""

    def __init__(self, authenticator: Authenticator, keys: Path) -> None:
        self._authenticator = authenticator
        self._folder = keys
        self._secrets = ShopifySecrets(keys)
        self._apps: tuple[_App, ...] = ()

    def prepared(self, body: KeysBody) -> "Doors":
        """The doors of a new revision of the keys document; other shops' apps are left out.
        Those there are stay as they are until ``take``."""
        found: Mapping[str, ShopifyApp] = {} if body.shopify is msgspec.UNSET else body.shopify
        apps = [(each, app) for each, app in found.items() if app.shop == self._authenticator.shop]
        secrets = ShopifySecrets(self._folder)
        secrets.read([reference for _, app in apps for reference in app.secrets])
        made = (
            _App(
                client_id,
                app.domain,
                app.secrets,
                secrets.of(app.secrets),
                _principal(f"proxy:{client_id}", app.proxy_models, app.rate),
                _principal(f"checkout:{client_id}", app.checkout_models, app.rate),
            )
            for client_id, app in apps
        )
        return secrets, tuple(made)

    def take(self, doors: "Doors") -> None:
        """What was prepared is in force."""
        self._secrets, self._apps = doors

    def look(self) -> None:
        """Called on a timer: take secrets from files that were rewritten."""
        if self._secrets.look():
            self._apps = tuple(
                replace(app, secrets=self._secrets.of(app.references)) for app in self._apps
            )
            log.info("shopify_secrets_read_again")

    @property
    def rates(self) -> set[tuple[str, float]]:
        """Every door that has a rate, with it."""
        return rates_of(each for app in self._apps for each in (app.proxy, app.checkout))

    def proxy(self, query: str, now: float) -> tuple[Principal, ProxyCall]:
        """The caller of an app-proxy query string; ``now`` is Unix seconds.

        Raises Unauthorized, TooManyRequests, or Unavailable when no app is set up here.
        """
        refusal: SignatureRefused | None = None
        for app in self._ready():
            try:
                call = check_proxy_call(query, app.secrets, app.domain, now)
            except SignatureRefused as error:
                refusal = error
                continue
            return self._admitted(app.proxy), call
        assert refusal is not None
        raise Unauthorized(str(refusal), refusal.why)

    def checkout(self, authorization: bytes | None) -> Principal:
        """The caller of a session token; raises like ``proxy``."""
        apps = self._ready()
        if authorization is None or authorization[:7].lower() != _SCHEME:
            raise Unauthorized(
                "authorization: expected a bearer session token, got none. "
                "Send `Authorization: Bearer ` and what shopify.sessionToken.get() gives.",
                Why.MISSING,
            )
        token = authorization[7:].strip()
        if len(token) > MAX_TOKEN_BYTES:
            long = f"session token: expected at most {MAX_TOKEN_BYTES} bytes, got more"
            raise Unauthorized(long, Why.MALFORMED)
        refusal: Exception | None = None
        for app in apps:
            try:
                check_session_claims(_claims(token, app), app.domain)
            except (jwt.InvalidTokenError, SignatureRefused, RecursionError) as error:
                refusal = error
                continue
            return self._admitted(app.checkout)
        raise _refused(refusal)

    def _ready(self) -> list[_App]:
        apps = [app for app in self._apps if app.secrets]
        if not apps:
            raise Unavailable("this door: expected a Shopify app with a readable secret, got none")
        return apps

    def _admitted(self, principal: Principal) -> Principal:
        if principal.rate is not None:
            self._authenticator.admit(principal.id, principal.rate)
        return principal


def _principal(name: str, models: tuple[str, ...], rate: int | None) -> Principal:
    return Principal(name, frozenset(models), frozenset({SCOPE_INFER}), rate, storefront=True)


def _claims(token: bytes, app: _App) -> dict[str, Any]:
    """Claims of a token signed with any live secret; the algorithm is ours to name."""
    failure: jwt.InvalidTokenError = jwt.InvalidSignatureError("no secret")
    for secret in app.secrets:
        try:
            return jwt.decode(
                token,
                secret,
                algorithms=[SESSION_ALGORITHM],
                audience=app.client_id,
                leeway=SESSION_LEEWAY_S,
                options={"require": _REQUIRED_CLAIMS},
            )
        except jwt.InvalidSignatureError as error:
            failure = error
    raise failure


def _refused(error: Exception | None) -> Unauthorized:
    if isinstance(error, SignatureRefused):
        return Unauthorized(str(error), error.why)
    why = next((why for kind, why in _WHY if isinstance(error, kind)), Why.MALFORMED)
    return Unauthorized(f"session token: {error}", why)
