"""Who calls: an API key against the ``keys`` document, from memory alone."""

import hashlib
import hmac
import time
from dataclasses import dataclass, field
from datetime import datetime

from bentos.contract.documents import CallerKey, KeysBody
from gateway.errors import Forbidden, TooManyRequests, Unauthorized
from gateway.rate_limit import RateLimiter

_PREFIX = "sbx"
_SCHEME = b"bearer "
_HINT = "Send `Authorization: Bearer sbx_<id>_<secret>`."
SCOPE_INFER = "infer"
SCOPE_PIN = "pin"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller."""

    key_id: str
    key: CallerKey
    expires_at: float | None

    def require(self, scope: str, model: str) -> None:
        """Raise Forbidden unless the key allows this scope on this model."""
        if scope not in self.key.scopes:
            raise Forbidden(f"key scope: expected {scope!r}, got {list(self.key.scopes)}")
        if "*" not in self.key.models and model not in self.key.models:
            raise Forbidden(
                f"key models: expected {model!r} to be allowed, got {list(self.key.models)}"
            )


@dataclass
class Authenticator:
    """The keys document, indexed. Rates hold over all workers of the gateway."""

    shop: str
    limiter: RateLimiter
    _principals: dict[str, Principal] = field(default_factory=dict)

    def replace(self, body: KeysBody) -> None:
        """Take a new revision of the keys document; other shops' keys are left out."""
        principals = {
            key_id: Principal(key_id, key, _timestamp(key.expires_at))
            for key_id, key in body.keys.items()
            if key.shop == self.shop
        }
        self._principals = principals

    def authenticate(self, authorization: bytes | None) -> Principal:
        """Return the caller of an Authorization header; raises Unauthorized or TooManyRequests."""
        if authorization is None or authorization[:7].lower() != _SCHEME:
            raise Unauthorized(f"authorization: expected a bearer key, got none. {_HINT}")
        parts = authorization[7:].decode("latin-1").strip().split("_", 2)
        if len(parts) != 3 or parts[0] != _PREFIX:
            raise Unauthorized(
                f"authorization: expected sbx_<id>_<secret>, got another form. {_HINT}"
            )
        principal = self._principals.get(parts[1])
        digest = hashlib.sha256(parts[2].encode("latin-1")).hexdigest()
        known = principal.key.digest if principal else digest[::-1]
        if not hmac.compare_digest(digest, known) or principal is None:
            raise Unauthorized("authorization: expected a known key, got an unknown one")
        if principal.expires_at is not None and time.time() >= principal.expires_at:
            raise Unauthorized("authorization: expected a live key, got an expired one")
        rate = principal.key.rate
        if rate is not None and not self.limiter.take(principal.key_id, rate, time.monotonic()):
            raise TooManyRequests(f"rate: expected at most {rate} requests/s")
        return principal


def _timestamp(text: str | None) -> float | None:
    return None if text is None else datetime.fromisoformat(text).timestamp()
