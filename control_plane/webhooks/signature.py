"""Standard Webhooks 1.0.0: secrets as text, and the three headers of a request. Pure.

Source of every rule: github.com/standard-webhooks, spec/standard-webhooks.md.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

SECRET_BYTES = 32
"""The specification asks for 24 to 64."""
PREFIX = "whsec_"


def new_secret() -> bytes:
    """A fresh one of 256 random bits."""
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """As a receiver is given it: ``whsec_`` and base64."""
    return PREFIX + base64.b64encode(secret).decode()


def headers(message_id: str, seconds: int, body: bytes, live: Sequence[bytes]) -> dict[str, str]:
    """The metadata of an attempt made at ``seconds`` since 1970, signed with each live secret."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(_sign(message_id, seconds, body, each) for each in live),
    }


def _sign(message_id: str, seconds: int, body: bytes, secret: bytes) -> str:
    signed = f"{message_id}.{seconds}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode()}"
