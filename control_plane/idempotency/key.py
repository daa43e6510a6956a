"""The key a caller gives a write, and what makes two requests the same one. Pure.

The header is ``Idempotency-Key`` of draft-ietf-httpapi-idempotency-key-header: a structured
field's string, ``"8e03978e-…"``. Most clients send it without the quotes, which is taken too.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from bentos.contract.errors import shorten
from bentos.contract.register import Actor
from control_plane.errors import MalformedError

HEADER = "idempotency-key"
MAX_KEY = 255
_QUOTED = re.compile(r'"(?P<key>[^"\\]*)"')
_GRAPHIC = re.compile(r"[!-~]+")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request that came with a key."""

    key: str
    fingerprint: str
    """Equal for equal requests: method, address, query, If-Match and body."""

    def id_for(self, actor: Actor) -> str:
        """Of this key as this actor's: nobody meets another's."""
        return _digest([actor.type.value, actor.id, self.key])


def read_key(values: Sequence[str]) -> str | None:
    """The key of a request's headers of that name; raises MalformedError for what is none."""
    if not values:
        return None
    quoted = _QUOTED.fullmatch(values[0].strip())
    key = quoted["key"] if quoted else values[0].strip()
    if len(values) > 1 or len(key) > MAX_KEY or not _GRAPHIC.fullmatch(key):
        raise MalformedError(
            f"Idempotency-Key: expected one key of 1 to {MAX_KEY} visible ASCII characters, "
            f"got {shorten(list(values))}; send a new UUID for each change"
        )
    return key


def ask(key: str, method: str, path: str, query: bytes, if_match: str | None, body: bytes) -> Asked:
    """What a keyed request asks for.

    The key, which is kept nowhere, goes into the fingerprint: a body that names a shopper cannot
    be guessed from it.
    """
    sent = hashlib.sha256(body).hexdigest()
    parts = [key, method, path, query.decode("latin-1"), if_match, sent]
    return Asked(key=key, fingerprint=_digest(parts))


def _digest(parts: list[str | None]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
