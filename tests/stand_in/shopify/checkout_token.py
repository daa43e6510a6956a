"""Session tokens as a checkout's UI extension gets them, and ones that must be refused.

Claims of ``shopify.sessionToken.get()``, @shopify/ui-extensions 2026.7: ``dest`` is the bare
domain, there is no ``iss`` and no ``sid``, ``sub`` only when somebody is logged in.
"""

import base64
import json
import uuid
from enum import StrEnum
from typing import Any, NamedTuple

import jwt

TTL_S = 300


class Flaw(StrEnum):
    """What can be wrong with a token."""

    EXPIRED = "expired"
    NOT_YET = "not_yet"
    WRONG_AUDIENCE = "wrong_audience"
    WRONG_SHOP = "wrong_shop"
    ALG_NONE = "alg_none"
    OTHER_ALGORITHM = "other_algorithm"
    TAMPERED = "tampered"
    WRONG_SECRET = "wrong_secret"


class App(NamedTuple):
    """Whose tokens they are."""

    client_id: str
    client_secret: str


def checkout_token(
    shop: str, app: App, now: int, customer: str | None = None, flaw: Flaw | None = None
) -> str:
    """A token for ``shop``, made at ``now`` (Unix seconds); with a flaw, one to be refused."""
    claims = _claims(shop, app, now, customer)
    match flaw:
        case Flaw.EXPIRED:
            return _signed({**claims, "exp": now - 60, "nbf": now - 360, "iat": now - 360}, app)
        case Flaw.NOT_YET:
            return _signed({**claims, "nbf": now + 60, "iat": now + 60}, app)
        case Flaw.WRONG_AUDIENCE:
            return _signed({**claims, "aud": "another app"}, app)
        case Flaw.WRONG_SHOP:
            return _signed({**claims, "dest": "another-shop.myshopify.com"}, app)
        case Flaw.ALG_NONE:
            return f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(claims)}."
        case Flaw.OTHER_ALGORITHM:
            return jwt.encode(claims, app.client_secret.ljust(64, "x"), algorithm="HS512")
        case Flaw.TAMPERED:
            head, _, signed = _signed(claims, app).split(".")
            return f"{head}.{_part({**claims, 'sub': 'gid://shopify/Customer/1'})}.{signed}"
        case Flaw.WRONG_SECRET:
            return _signed(claims, app._replace(client_secret=f"not {app.client_secret}"))
        case _:
            return _signed(claims, app)


def _claims(shop: str, app: App, now: int, customer: str | None) -> dict[str, Any]:
    claims = {
        "dest": shop,
        "aud": app.client_id,
        "exp": now + TTL_S,
        "nbf": now,
        "iat": now,
        "jti": str(uuid.uuid4()),
    }
    return claims if customer is None else {**claims, "sub": f"gid://shopify/Customer/{customer}"}


def _signed(claims: dict[str, Any], app: App) -> str:
    return jwt.encode(claims, app.client_secret, algorithm="HS256")


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
