"""API keys as text: ``sbx_<id>_<secret>``. Only a secret's digest is ever stored."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

_KEY = re.compile(r"sbx_(?P<id>[0-9a-f]{12})_(?P<secret>[A-Za-z0-9_-]{43})")
# Keys in the middle of other text, e.g. sent in a path by mistake.
_SECRETS = re.compile(r"(?P<shown>sbx_[0-9a-f]{12}_|sdk-)[A-Za-z0-9_-]{43}")
ID_BYTES = 6
SECRET_BYTES = 32


@dataclass(frozen=True)
class ApiKey:
    """A key in clear: only in memory, shown once. Its repr keeps the secret to itself."""

    id: str
    secret: str

    @property
    def text(self) -> str:
        """What the holder sends."""
        return f"sbx_{self.id}_{self.secret}"

    @property
    def digest(self) -> str:
        """SHA-256 hex of the secret."""
        return hashlib.sha256(self.secret.encode()).hexdigest()

    def matches(self, digest: str) -> bool:
        """Compare with a stored digest in constant time."""
        return hmac.compare_digest(self.digest, digest)

    def __repr__(self) -> str:
        return f"ApiKey({self.id})"


def new_key() -> ApiKey:
    """A fresh key with 256 random bits."""
    return ApiKey(secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES))


def parse_key(text: str) -> ApiKey | None:
    """Read a key, or None for what is none."""
    match = _KEY.fullmatch(text.strip())
    return ApiKey(match["id"], match["secret"]) if match else None


def without_secrets(text: str) -> str:
    """The text with every API or SDK key in it cut down to what may be shown."""
    return _SECRETS.sub(lambda match: f"{match['shown']}…", text)
