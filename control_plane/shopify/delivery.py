"""One delivery: what its headers claim, and what is kept of its body."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bentos.contract.errors import ContractError

Headers = Sequence[tuple[bytes, bytes]]
TOPIC, HMAC = b"x-shopify-topic", b"x-shopify-hmac-sha256"
DOMAIN, WEBHOOK_ID = b"x-shopify-shop-domain", b"x-shopify-webhook-id"
_TOPIC = re.compile(r"[a-z_]{1,60}/[a-z_]{1,60}")
_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com")


@dataclass(frozen=True, slots=True)
class Claims:
    """Of the headers; only the body is signed, so none of them is a fact."""

    topic: str
    domain: str
    webhook_id: str
    hmac: bytes | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """As it is written. ``kept`` is JSON; without it ``error`` says why, or it is ignored."""

    client_id: str
    shop: str
    claims: Claims
    received_at: str
    kept: bytes | None
    error: str | None = None


def claims_of(headers: Headers) -> Claims:
    """Read the headers; raises ContractError naming the one that is missing or malformed."""
    found = dict(headers)
    return Claims(
        topic=_one(found, TOPIC, _TOPIC, "resource/event"),
        domain=_one(found, DOMAIN, _DOMAIN, "<store>.myshopify.com"),
        webhook_id=_one(found, WEBHOOK_ID, _ID, "an id of at most 100 characters"),
        hmac=found.get(HMAC),
    )


def _one(found: dict[bytes, bytes], name: bytes, form: re.Pattern[str], expected: str) -> str:
    text = found.get(name, b"").decode("latin-1")
    if name is not WEBHOOK_ID:
        text = text.lower()
    if not form.fullmatch(text):
        raise ContractError(f"header {name.decode()}", expected, "another" if text else "none")
    return text
