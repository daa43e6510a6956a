"""Secrets as text: ``sbx_<id>_<secret>`` is an API key, ``sbs_…`` a session's token, ``sbd_…``
a known browser's. Only a secret's digest is ever stored."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum

_TEXT = re.compile(r"(?P<kind>sb[xsd])_(?P<id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")
# Secrets in the middle of other text, e.g. sent in a path by mistake.
_SECRETS = re.compile(r"(?P<shown>sb[xsd]_[0-9a-f]{12}_|sdk-)[A-Za-z0-9_-]{43}")
ID_BYTES = 6
SECRET_BYTES = 32


class Kind(StrEnum):
    """What a secret is for; one kind is never taken for another."""

    API_KEY = "sbx"
    SESSION = "sbs"
    DEVICE = "sbd"


@dataclass(frozen=True)
class Secret:
    """A secret in clear: only in memory, shown once. Its repr keeps the secret to itself."""

    id: str
    secret: str
    kind: Kind = Kind.API_KEY

    @property
    def text(self) -> str:
        """What the holder sends."""
        return f"{self.kind}_{self.id}_{self.secret}"

    @property
    def digest(self) -> str:
        """SHA-256 hex of the secret, whose 256 random bits need no slower digest."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def matches(self, digest: str) -> bool:
        """Compare with a stored digest in constant time."""
        return hmac.compare_digest(self.digest, digest)

    def __repr__(self) -> str:
        return f"Secret({self.kind}_{self.id})"


def new_secret(kind: Kind) -> Secret:
    """A fresh one with 256 random bits."""
    return Secret(secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES), kind)


def parse_secret(text: str, kind: Kind) -> Secret | None:
    """Read a secret of this kind, or None for what is none."""
    match = _TEXT.fullmatch(text.strip())
    if match is None or match["kind"] != kind:
        return None
    return Secret(match["id"], match["secret"], kind)


def new_key() -> Secret:
    """A fresh API key."""
    return new_secret(Kind.API_KEY)


def parse_key(text: str) -> Secret | None:
    """Read an API key, or None for what is none."""
    return parse_secret(text, Kind.API_KEY)


def without_secrets(text: str) -> str:
    """The text with every secret in it cut down to what may be shown."""
    return _SECRETS.sub(lambda match: f"{match['shown']}…", text)
