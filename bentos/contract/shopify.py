"""What Shopify signs, and how it is checked: app-proxy calls, webhooks, session tokens.

Pure: the clock, the secrets and the verified claims are handed in. Rules from
shopify.dev/docs/apps/build/online-store/app-proxies/authenticate-app-proxies,
.../webhooks/subscribe/https and .../checkout-ui-extensions (session token), and where
those leave something open, from Shopify's own libraries.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from bentos.contract.errors import ContractError

PROXY_WINDOW_S = 90
"Shopify's own libraries refuse a call whose timestamp is further away than this."
SESSION_LEEWAY_S = 10
SESSION_ALGORITHM = "HS256"
MAX_PARAMETERS = 64
MAX_LIVE_SECRETS = 2
"While a secret is rotated both the old and the new one sign."
SIGNATURE = "signature"
_SHOP = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")
_FILE_REFERENCE = re.compile(r"file:(?P<name>[A-Za-z0-9][A-Za-z0-9._-]{0,99})")
_ENV_REFERENCE = re.compile(r"env:(?P<name>SIGNALBOX_SHOPIFY_[A-Z0-9_]{1,80})")
# Percent-encoded bytes that are no UTF-8 keep their value on the way into the HMAC.
_BYTES = "surrogateescape"


class Why(StrEnum):
    """Why something is not taken for Shopify's: a label of what is counted, a closed list."""

    MISSING = "missing"
    MALFORMED = "malformed"
    SIGNATURE = "signature"
    ALGORITHM = "algorithm"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    AUDIENCE = "audience"
    SHOP = "shop"
    CLAIM = "claim"


class SignatureRefused(ContractError):
    """Not signed by Shopify for this app and shop, or no longer."""

    def __init__(
        self, field: str, expected: str, got: Any, hint: str = "", *, why: Why = Why.SIGNATURE
    ) -> None:
        super().__init__(field, expected, got, hint)
        self.why = why


class ProxyCall(NamedTuple):
    """A verified app-proxy call. ``parameters`` are the caller's own, repeats in order.

    ``customer`` is who is logged in, None if nobody is. It never decides who is bucketed:
    login does not change the targeting key (contract §1).
    """

    shop: str
    path_prefix: str
    timestamp: int
    customer: str | None
    parameters: dict[str, tuple[str, ...]]


class SecretReference(NamedTuple):
    """Where a secret is to be read: ``kind`` is file (in the home's keys folder) or env."""

    kind: str
    name: str


def parse_secret_reference(text: str, field: str = "secret") -> SecretReference:
    """Read ``file:<name>`` or ``env:SIGNALBOX_SHOPIFY_<NAME>``; raises ContractError.

    A reference names a plain file of the keys folder and our own variables only, so that a
    document can never point a gateway at anything else on its machine.
    """
    for kind, pattern in (("file", _FILE_REFERENCE), ("env", _ENV_REFERENCE)):
        match = pattern.fullmatch(text)
        if match is not None:
            return SecretReference(kind, match["name"])
    raise ContractError(field, "file:<name> or env:SIGNALBOX_SHOPIFY_<NAME>", text)


def normal_shop(text: Any, field: str = "shop") -> str:
    """``store.myshopify.com`` in lower case, given with or without https://; ContractError."""
    name = text.lower().removeprefix("https://").rstrip("/") if isinstance(text, str) else ""
    if not _SHOP.fullmatch(name):
        raise ContractError(field, "<store>.myshopify.com", text)
    return name


def proxy_signature(parameters: Sequence[tuple[str, str]], secret: bytes) -> str:
    """Hex HMAC-SHA256 over ``key=value`` of every parameter, sorted, without separators.

    Values of a repeated key are joined with commas; ``signature`` itself is left out.
    """
    return _proxy_signature(sorted(_joined(parameters)), secret)


def check_proxy_call(query: str, secrets: Sequence[bytes], shop: str, now: float) -> ProxyCall:
    """Verify the query string of an app-proxy call to ``shop``; ``now`` is Unix seconds.

    Raises SignatureRefused: no or another signature, another shop, or older (or newer) than
    90 s. The body of such a call is not signed, whatever is in it.
    """
    pairs = _parameters(query)
    given = [value for name, value in pairs if name == SIGNATURE]
    if len(given) != 1:
        why = Why.MALFORMED if given else Why.MISSING
        expected = "one, as Shopify's app proxy adds it"
        raise SignatureRefused(SIGNATURE, expected, len(given), why=why)
    if not _is_signed(pairs, given[0], secrets):
        raise SignatureRefused(SIGNATURE, "the one of these parameters", "another")
    timestamp = _one(pairs, "timestamp")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureRefused("timestamp", "Unix seconds", timestamp, why=Why.MALFORMED)
    if abs(now - int(timestamp)) > PROXY_WINDOW_S:
        why = Why.EXPIRED if int(timestamp) < now else Why.NOT_YET
        expected = f"within {PROXY_WINDOW_S} s of now"
        raise SignatureRefused("timestamp", expected, timestamp, why=why)
    if _one(pairs, "shop") != shop:
        raise SignatureRefused("shop", shop, _one(pairs, "shop"), why=Why.SHOP)
    added = dict(pairs)
    return ProxyCall(
        shop,
        added.get("path_prefix", ""),
        int(timestamp),
        added.get("logged_in_customer_id") or None,
        _own_parameters(pairs),
    )


def webhook_signature(body: bytes, secret: bytes) -> bytes:
    """Base64 HMAC-SHA256 over the raw body: the header ``X-Shopify-Hmac-Sha256``."""
    return base64.b64encode(hmac.digest(secret, body, "sha256"))


def check_webhook(body: bytes, header: bytes | None, secrets: Sequence[bytes]) -> None:
    """Raise SignatureRefused unless one of the live secrets signed this body.

    Only the body is signed: topic, shop and time in the headers are claims, not facts.
    """
    given = header or b""
    matches = [hmac.compare_digest(webhook_signature(body, each), given) for each in secrets]
    if not any(matches):
        got, why = ("none", Why.MISSING) if header is None else ("another", Why.SIGNATURE)
        raise SignatureRefused("header X-Shopify-Hmac-Sha256", "the body's HMAC", got, why=why)


def check_session_claims(claims: Mapping[str, Any], shop: str) -> None:
    """Raise SignatureRefused unless verified claims are of a token made for ``shop``.

    Signature, ``aud``, ``exp`` and ``nbf`` are the JWT library's to check. ``dest`` is the
    bare domain in a checkout's token and https://… in others; ``iss``, ``sid`` and ``sub``
    may be missing. The token says nothing about the rest of the request.
    """
    try:
        dest = normal_shop(claims.get("dest"), "session token dest")
    except ContractError as error:
        raise SignatureRefused(error.field, shop, claims.get("dest"), why=Why.SHOP) from error
    if dest != shop:
        raise SignatureRefused("session token dest", shop, dest, why=Why.SHOP)


def _parameters(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(
            query, keep_blank_values=True, errors=_BYTES, max_num_fields=MAX_PARAMETERS
        )
    except ValueError as error:
        expected = f"at most {MAX_PARAMETERS} parameters"
        raise SignatureRefused("query", expected, "more", why=Why.MALFORMED) from error


def _joined(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    named: dict[str, list[str]] = {}
    for name, value in pairs:
        if name != SIGNATURE:
            named.setdefault(name, []).append(value)
    return [(name, ",".join(values)) for name, values in named.items()]


def _is_signed(pairs: Sequence[tuple[str, str]], given: str, secrets: Sequence[bytes]) -> bool:
    """By any live secret, in either order Shopify's samples sort: by key, or by key=value.

    They differ only for names like ``a`` and ``a-b``.
    """
    joined = _joined(pairs)
    by_name = sorted(joined)
    by_text = sorted(joined, key=lambda pair: f"{pair[0]}={pair[1]}")
    orders = [by_name] if by_name == by_text else [by_name, by_text]
    raw = given.encode("utf-8", _BYTES)
    matches = [
        hmac.compare_digest(_proxy_signature(order, secret).encode(), raw)
        for secret in secrets
        for order in orders
    ]
    return any(matches)


def _proxy_signature(ordered: Sequence[tuple[str, str]], secret: bytes) -> str:
    message = "".join([f"{name}={value}" for name, value in ordered])
    return hmac.new(secret, message.encode("utf-8", _BYTES), hashlib.sha256).hexdigest()


def _one(pairs: Sequence[tuple[str, str]], name: str) -> str:
    values = [value for key, value in pairs if key == name]
    if len(values) != 1:
        expected = "one value, as Shopify's app proxy adds it"
        raise SignatureRefused(name, expected, len(values), why=Why.MALFORMED)
    return values[0]


_ADDED = frozenset({SIGNATURE, "shop", "path_prefix", "timestamp", "logged_in_customer_id"})


def _own_parameters(pairs: Sequence[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    own: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        if name not in _ADDED:
            own[name] = (*own.get(name, ()), value)
    return own
