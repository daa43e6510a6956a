"""Which datasets hold other rows than they were registered with, because somebody was erased.

``lake/redactions/<id>.json`` is written by whoever carries out a redaction: for each snapshot
that held the subject the digest it had, and the digest of what is left (null: nothing).
"""

from pathlib import Path

import msgspec

from bentos.contract.errors import ContractError

FOLDER = "redactions"


class Redacted(msgspec.Struct, frozen=True, kw_only=True):
    """One redaction; it names no subject. ``snapshots``: digest before → digest after, or null."""

    id: str
    at: str
    reason: str = ""
    snapshots: dict[str, str | None] = {}


def of_snapshot(lake: Path, digest: str) -> tuple[Redacted, ...]:
    """Redactions that changed a snapshot, or what became of it, in their order."""
    found, known = [], {digest}
    for path in sorted((lake / FOLDER).glob("*.json")):
        redacted = _load(path)
        touched = known & redacted.snapshots.keys()
        if touched:
            found.append(redacted)
            known |= {after for name in touched if (after := redacted.snapshots[name])}
    return tuple(found)


def _load(path: Path) -> Redacted:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Redacted)
    except (OSError, msgspec.MsgspecError) as error:
        raise ContractError(str(path), "a redaction's record", str(error)) from error
