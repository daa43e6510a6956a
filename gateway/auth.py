"""Who calls: an API key against the ``keys`` document, from memory alone.

The storefront's other doors (``shopify_doors.py``) make a Principal of what Shopify signed.
"""

import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from bentos.contract.documents import CallerKey, KeysBody
from gateway.errors import Forbidden, TooManyRequests, Unauthorized
from gateway.rate_limit import RateLimiter

_PREFIX = "sbx"
_SCHEME = b"bearer "
_HINT = "Send `Authorization: Bearer sbx_<id>_<secret>`."
SCOPE_INFER = "infer"
SCOPE_PIN = "pin"
SCOPE_BROWSER = "browser"
ALL_MODELS = "*"
MAX_SEEN = 1024
MAX_SEEN_BYTES = 256
"Of a header that is remembered; a key has 61, and a publishable key is anybody's to pad."


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller, whichever door it came through.

    ``models`` None means all. ``rate`` is requests per second, None without a limit.
    ``storefront`` callers run in a visitor's browser: what they may do with the visitor's
    data they must say with each call. ``origins`` are the web pages a publishable key may
    call from, None where that is no matter.
    """

    id: str
    models: frozenset[str] | None
    scopes: frozenset[str]
    rate: int | None = None
    expires_at: float | None = None
    storefront: bool = False
    origins: frozenset[bytes] | None = None

    def require(self, scope: str, model: str) -> None:
        """Raise Forbidden unless this caller may do this with this model."""
        if scope not in self.scopes:
            raise Forbidden(f"key scope: expected {scope!r}, got {sorted(self.scopes)}")
        if self.models is not None and model not in self.models:
            raise Forbidden(
                f"key models: expected {model!r} to be allowed, got {sorted(self.models)}"
            )


class Authenticator:
    """The keys document, indexed. Rates hold over all workers of the gateway."""

    def __init__(self, shop: str, limiter: RateLimiter) -> None:
        self.shop = shop
        self.limiter = limiter
        self.origins: frozenset[bytes] = frozenset()
        "Every web page a publishable key may call from."
        self._keys: dict[str, _Key] = {}
        # Headers that were checked under the document in force. A dict compares a header only
        # after its keyed 64-bit hash matched, so a lookup tells nothing about near misses; a
        # new document (a revocation is one) empties it, expiry is looked at every time.
        self._seen: dict[bytes, Principal] = {}

    def replace(self, body: KeysBody) -> None:
        """Take a new revision of the keys document; other shops' keys are left out."""
        keys = {
            key_id: _Key(key.digest, _principal(key_id, key))
            for key_id, key in body.keys.items()
            if key.shop == self.shop
        }
        allowed = [key.principal.origins or () for key in keys.values()]
        self._keys, self._seen = keys, {}
        self.origins = frozenset().union(*allowed)

    @property
    def rates(self) -> set[tuple[str, float]]:
        """Every key that has a rate, with it."""
        return rates_of(key.principal for key in self._keys.values())

    def authenticate(self, headers: Mapping[bytes, bytes]) -> Principal:
        """Who sent these headers (lower-case names); Unauthorized, Forbidden, TooManyRequests."""
        authorization = headers.get(b"authorization", b"")
        principal = self._seen.get(authorization)
        if principal is None:
            principal = self._check(authorization)
        if principal.expires_at is not None and time.time() >= principal.expires_at:
            raise Unauthorized("authorization: expected a live key, got an expired one", "expired")
        if principal.origins is not None:
            _check_origin(principal.origins, headers.get(b"origin"))
        if principal.rate is not None:
            self.admit(principal.id, principal.rate)
        return principal

    def admit(self, caller: str, rate: int) -> None:
        """Count one call; raises TooManyRequests above ``rate`` calls per second."""
        if not self.limiter.take(caller, rate, time.monotonic()):
            raise TooManyRequests(f"rate: expected at most {rate} requests/s")

    def _check(self, authorization: bytes) -> Principal:
        if authorization[:7].lower() != _SCHEME:
            missing = f"authorization: expected a bearer key, got none. {_HINT}"
            raise Unauthorized(missing, "missing")
        parts = authorization[7:].decode("latin-1").strip().split("_", 2)
        if len(parts) != 3 or parts[0] != _PREFIX:
            raise Unauthorized(
                f"authorization: expected sbx_<id>_<secret>, got another form. {_HINT}", "malformed"
            )
        key = self._keys.get(parts[1])
        digest = hashlib.sha256(parts[2].encode("latin-1")).hexdigest()
        known = key.digest if key else digest[::-1]
        if not hmac.compare_digest(digest, known) or key is None:
            raise Unauthorized("authorization: expected a known key, got an unknown one", "unknown")
        if len(authorization) <= MAX_SEEN_BYTES:
            if len(self._seen) >= MAX_SEEN:
                self._seen.clear()
            self._seen[authorization] = key.principal
        return key.principal


def rates_of(callers: Iterable[Principal]) -> set[tuple[str, float]]:
    """(id, requests per second) of those that have a rate."""
    return {(caller.id, caller.rate) for caller in callers if caller.rate is not None}


@dataclass(frozen=True, slots=True)
class _Key:
    digest: str
    principal: Principal = field(repr=False)


def _principal(key_id: str, key: CallerKey) -> Principal:
    scopes = frozenset(key.scopes)
    storefront = SCOPE_BROWSER in scopes
    origins = () if key.origins is msgspec.UNSET else key.origins
    # "*" is for the merchant's own servers: a theme reaches what its key names.
    everything = ALL_MODELS in key.models and not storefront
    return Principal(
        key_id,
        None if everything else frozenset(key.models),
        frozenset({SCOPE_INFER}) if storefront else scopes,
        key.rate,
        None if key.expires_at is None else datetime.fromisoformat(key.expires_at).timestamp(),
        storefront,
        frozenset(origin.encode() for origin in origins) if storefront else None,
    )


def _check_origin(allowed: frozenset[bytes], origin: bytes | None) -> None:
    if origin not in allowed:
        got = "none" if origin is None else repr(origin.decode("latin-1")[:100])
        raise Forbidden(f"origin: expected a web page this publishable key is for, got {got}")
