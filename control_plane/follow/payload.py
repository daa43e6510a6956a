"""Reads what an upstream sends: JSON within limits, decrypted if that was agreed on; pure."""

from dataclasses import dataclass
from typing import Any

import msgspec
from growthbook.growthbook import decrypt

from bentos.contract.errors import ContractError
from control_plane import clock

MAX_BYTES = 8 * 1024 * 1024
ENCRYPTED = "encryptedFeatures"


class RefusedError(Exception):
    """A payload, or one model's part of it, that is not taken. ``why`` goes into the register."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True)
class Payload:
    """``date`` is in our form, so that two of them compare as text."""

    features: dict[str, Any]
    groups: dict[str, Any]
    date: str


def read_payload(body: bytes, decryption_key: str | None) -> Payload:
    """Raises RefusedError. With a key agreed on, a payload in clear is refused: nothing else
    about it says that it comes from who holds the key."""
    if len(body) > MAX_BYTES:
        raise RefusedError(f"it has {len(body)} bytes, more than {MAX_BYTES}")
    message = _object(body, "the payload")
    if (ENCRYPTED in message) != (decryption_key is not None):
        got = "encrypted" if ENCRYPTED in message else "in clear"
        agreed = "encryption was" if decryption_key else "no encryption was"
        raise RefusedError(f"it came {got}, and {agreed} agreed on")
    if decryption_key is not None:
        message |= _decrypted(message, decryption_key)
    return Payload(
        features=_member(message, "features"),
        groups=_member(message, "savedGroups", default={}),
        date=_date(message),
    )


def _decrypted(message: dict[str, Any], key: str) -> dict[str, Any]:
    names = {"features": ENCRYPTED, "savedGroups": "encryptedSavedGroups"}
    found = {}
    for name, encrypted in names.items():
        if encrypted not in message:
            continue
        try:
            text = decrypt(message[encrypted], key)
        except Exception as error:
            raise RefusedError(f"{encrypted} cannot be decrypted with the key agreed on") from error
        found[name] = _object(text.encode(), encrypted)
    return found


def _object(body: bytes, what: str) -> dict[str, Any]:
    try:
        message = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RefusedError(f"{what} is no JSON") from error
    if not isinstance(message, dict):
        raise RefusedError(f"{what} is no object")
    return message


def _member(message: dict[str, Any], name: str, **default: Any) -> dict[str, Any]:
    value = message.get(name, default.get("default"))
    if not isinstance(value, dict):
        raise RefusedError(f"{name}: expected an object")
    return value


def _date(message: dict[str, Any]) -> str:
    try:
        return clock.parse(message["dateUpdated"], "dateUpdated")
    except (KeyError, TypeError, ContractError) as error:
        raise RefusedError(
            "dateUpdated: expected an RFC 3339 time, by which it is ordered"
        ) from error
