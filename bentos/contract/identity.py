"""Who is bucketed, and under which name that is stored (contract §1).

Bucketing uses the raw targeting key, in memory only. What is stored is a pseudonym.
"""

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any

from bentos.contract.errors import ContractError

MAX_TARGETING_KEY_BYTES = 200
PSEUDONYM_LENGTH = 26
MIN_PSEUDONYM_KEY_BYTES = 32
_SEPARATOR = b"\x1f"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
NAMED = "pseudonym:"
_NAMED = re.compile(f"{NAMED}([{_ALPHABET}]{{{PSEUDONYM_LENGTH}}})")
_PAIRS = tuple(first + second for first in _ALPHABET for second in _ALPHABET)
_SHIFTS = tuple(range(120, -1, -10))


def check_targeting_key(value: Any, field: str = "targeting_key") -> str:
    """Return the key if it is a non-empty string of at most 200 bytes UTF-8.

    Anything else raises ContractError: the growthbook evaluator would silently send
    0, true, lists and "" to the default, and bucket 123 and "123" alike.
    """
    if not isinstance(value, str) or not value:
        raise ContractError(field, "a non-empty string", value)
    try:
        size = len(value.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise ContractError(field, "well-formed Unicode", value) from error
    if size > MAX_TARGETING_KEY_BYTES:
        raise ContractError(
            field, f"at most {MAX_TARGETING_KEY_BYTES} bytes UTF-8", f"{size} bytes"
        )
    return value


def named(identifier: str) -> str | None:
    """The pseudonym in ``pseudonym:<pseudonym>``, as those write an id who keep no other (the
    ingress); None for any other text."""
    match = _NAMED.fullmatch(identifier)
    return None if match is None else match[1]


def key_fingerprint(key: bytes) -> str:
    """Tells keys apart without giving one away: the first 8 hex digits of its SHA-256."""
    return hashlib.sha256(key).hexdigest()[:8]


class Pseudonymizer:
    """Maps (shop, kind, id) to a stable pseudonym under one secret key."""

    def __init__(self, key_id: str, key: bytes) -> None:
        if len(key) < MIN_PSEUDONYM_KEY_BYTES:
            raise ContractError(
                "pseudonym key", f"at least {MIN_PSEUDONYM_KEY_BYTES} bytes", f"{len(key)} bytes"
            )
        self.key_id = key_id
        self.fingerprint = key_fingerprint(key)
        self._key = key

    def pseudonym(self, shop: str, kind: str, identifier: str) -> str:
        """base32(HMAC-SHA256(key, shop ‖ 0x1f ‖ kind ‖ 0x1f ‖ id))[:26], 130 bits.

        Raises ContractError where shop or kind hold a separator or anything is no Unicode.
        """
        return self.namer(shop, kind)(identifier)

    def namer(self, shop: str, kind: str) -> Callable[[str], str]:
        """``pseudonym`` for many ids of one shop and kind, as the request path needs it."""
        try:
            parts = (shop.encode(), kind.encode())
        except UnicodeEncodeError as error:
            raise ContractError("pseudonym", "well-formed Unicode", (shop, kind)) from error
        if any(_SEPARATOR in part for part in parts):
            raise ContractError("shop or kind", "no 0x1f character", (shop, kind))
        # What all ids have in common is hashed once.
        begun = hmac.new(self._key, _SEPARATOR.join((*parts, b"")), "sha256")

        def name(identifier: str) -> str:
            mac = begun.copy()
            try:
                mac.update(identifier.encode())
            except UnicodeEncodeError as error:
                raise ContractError("pseudonym", "well-formed Unicode", identifier) from error
            return _base32_26(mac.digest())

        return name


def _base32_26(mac: bytes) -> str:
    """The first 26 characters of RFC 4648 base32, ten bits (two characters) at a time."""
    bits = int.from_bytes(mac[:17], "big") >> 6
    return "".join([_PAIRS[bits >> shift & 1023] for shift in _SHIFTS])
