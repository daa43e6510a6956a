"""What a subscriber of ``/sub`` is sent: whole payloads, each under an id that names its state.

The id is the global revision and a digest of the features this key sees. So it means the same
after a restart and on every replica, and a subscriber that comes back with it (``Last-Event-ID``)
is sent a payload only if what it sees has changed meanwhile, be it by a publication or because
a model was closed to it.
"""

import hashlib
from typing import Any

import msgspec

from bentos.contract import canonical
from bentos.contract.documents import Revision

# The Python SDK's reader dies of a longer line (aiohttp's limit is 512 KiB, ``data: `` included).
MAX_LINE_BYTES = 512 * 1024 - 1024
KEEP_ALIVE = b"data: \n\n"
# The Python SDK's async client passes over an announcement while its cache holds (60 s unless set
# otherwise), so one that is made once is lost: it is repeated until that must be over.
REPEAT_S = 150.0


def state_id(revision: Revision, payload: dict[str, Any]) -> str:
    """Names what a key sees at a revision, e.g. ``1.42-9f86d081884c7d65``."""
    digest = hashlib.sha256(canonical.canonical_json(payload["features"])).hexdigest()
    return f"{revision}-{digest[:16]}"


def same_state(one: str, other: str) -> bool:
    """Whether a key sees the same under both ids, whatever was published for others."""
    return one.rpartition("-")[2] == other.rpartition("-")[2]


def announcement(state: str) -> bytes:
    """That there is something to fetch."""
    return b"id: %b\nevent: features-updated\ndata: \n\n" % state.encode()


def frame(state: str, payload: dict[str, Any]) -> bytes:
    """One event. A payload too long for a line is announced, for SDKs to fetch."""
    data = msgspec.json.encode(payload)
    if len(data) > MAX_LINE_BYTES:
        return announcement(state)
    return b"id: %b\nevent: features\ndata: %b\n\n" % (state.encode(), data)
