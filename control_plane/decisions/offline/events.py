"""The register's events in an evidence file: each proved by itself, all under one checkpoint."""

import base64
from typing import Any

from control_plane.audit.offline.notes import Policy, Unproven, parse_note
from control_plane.audit.offline.proofs import PROOF_HEADER, parse_proof, verify_proof

Event = dict[str, Any]


class Events:
    """Proved events, taken one by one by what needs them: what nobody takes does not belong."""

    def __init__(self, texts: list[Any], policy: Policy) -> None:
        self._left: list[Event] = []
        self.checkpoint: dict[str, Any] = {}
        for index, text in enumerate(texts):
            name = f"events[{index}]"
            self._left.append(self._proved(name, text, policy))

    def take_one(self, action: str, entity: str | None = None) -> Event:
        """The one allowed event of this action, about this entity if it is named."""
        found = [
            event
            for event in self._left
            if event["action"] == action and entity in (None, event["entity"])
        ]
        if len(found) != 1:
            about = f" about {entity}" if entity else ""
            raise Unproven(f"events: expected one {action}{about}, got {len(found)}")
        self._left.remove(found[0])
        return found[0]

    def take_all(self, prefix: str) -> list[Event]:
        """All events whose action begins so, in the register's order."""
        found = [event for event in self._left if event["action"].startswith(prefix)]
        for event in found:
            self._left.remove(event)
        return sorted(found, key=lambda event: int(event["seq"]))

    def must_all_be_used(self) -> None:
        """Raise Unproven for events that prove nothing of this decision."""
        for event in self._left:
            raise Unproven(f"events: event {event['seq']} is no part of this evidence")

    def _proved(self, name: str, text: Any, policy: Policy) -> Event:
        try:
            _check_canonical(str(text))
            report = verify_proof(str(text), policy)
        except (Unproven, ValueError, KeyError, TypeError) as error:
            raise Unproven(f"{name}: {error}") from error
        checkpoint = {name: report[name] for name in ("origin", "size", "root")}
        self.checkpoint = self.checkpoint or checkpoint
        if checkpoint != self.checkpoint:
            raise Unproven(f"{name}: under another checkpoint than the events before it")
        event: Event = report["event"]
        if event["outcome"] != "allowed":
            raise Unproven(f"{name}: it tells of something that was denied")
        if any(other["seq"] == event["seq"] for other in self._left):
            raise Unproven(f"{name}: it stands here twice")
        return event


def _check_canonical(text: str) -> None:
    """One way to write it: base64 may end in bits that decode to nothing, and a signature that
    nobody checks could say anything."""
    proof = parse_proof(text)
    signatures = parse_note(proof.note).signatures
    lines = [PROOF_HEADER, f"extra {_encoded(proof.extra)}", f"index {proof.index}"]
    lines += [_encoded(each) for each in proof.path]
    fits = text == "\n".join(lines) + "\n\n" + proof.note
    if not fits or len(signatures) != 1:
        raise Unproven("it is not written canonically, under the log's own signature")
    [signature] = signatures
    data = _encoded(signature.key_id + signature.data)
    if signature.line != f"— {signature.name} {data}":
        raise Unproven("its signature is not written canonically")


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()
