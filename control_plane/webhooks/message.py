"""What is sent: thin, so that nobody learns by webhook what they may not read. Pure.

``data`` names the register event, the entity and a few members that are never about a person:
no actor, no reason, no address. Whoever wants more asks the API, which asks who they are.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from control_plane.webhooks import event_type

# Of an event's difference, what it became.
TOLD = ("candidate", "digest", "kind", "stable", "state", "version", "visibility", "weight")


@dataclass(frozen=True, kw_only=True)
class Message:
    """``id`` is the same for every webhook and every attempt; ``body`` is what is signed."""

    id: str
    seq: int
    type: str
    at: str
    body: str


def of_event(event: Mapping[str, Any], model: str | None) -> Message | None:
    """The message of a register event (its members as JSON), or None for what is not told."""
    name = event_type.type_of(event)
    return None if name is None else _told(event, name, model)


def of_test(event: Mapping[str, Any]) -> Message:
    """The message of a ``webhook:test`` event."""
    return _told(event, event_type.TEST, None)


def of_checkpoint(origin: str, size: int, root: str, note: str, at: str) -> Message:
    """The message of a signed checkpoint: ``note`` is all that a witness needs."""
    return Message(
        # A restored register signs the same roots again, under another origin.
        id=f"msg_{hashlib.sha256(f'{origin} {size} {root}'.encode()).hexdigest()[:32]}",
        seq=size,
        type=event_type.CHECKPOINT,
        at=at,
        body=_body(
            event_type.CHECKPOINT, at, {"origin": origin, "size": size, "root": root, "note": note}
        ),
    )


def _told(event: Mapping[str, Any], name: str, model: str | None) -> Message:
    data = {"seq": event["seq"], "event": event["id"], "entity": event["entity"]}
    if model is not None:
        data["model"] = model
    if event["entity_revision"] is not None:
        data["revision"] = event["entity_revision"]
    for member in TOLD:
        pair = event["diff"].get(member)
        if isinstance(pair, list) and len(pair) == 2 and _is_plain(pair[1]):
            data[member] = pair[1]
    return Message(
        # The event's own id: made once, in the transaction of what it tells of.
        id=f"msg_{event['id'].replace('-', '')}",
        seq=event["seq"],
        type=name,
        at=event["at"],
        body=_body(name, event["at"], data),
    )


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _body(name: str, at: str, data: dict[str, Any]) -> str:
    return msgspec.json.encode({"type": name, "timestamp": at, "data": data}).decode()
