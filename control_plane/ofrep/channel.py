"""The ticket to the refetch stream that stands in its address.

A browser's EventSource sends no headers, and a key belongs into no address. So the address
carries a ticket that is derived from the key, opens nothing but this stream, and ends with it.
"""

import hashlib
import hmac

from control_plane.db import ReadSession
from control_plane.growthbook.models import SdkKeyRow

_PURPOSE = b"signalbox ofrep stream v1"


def ticket(key: SdkKeyRow) -> str:
    """``<key id>.<HMAC-SHA256 in hex, under the key's digest>``."""
    return f"{key.id}.{hmac.new(key.digest.encode(), _PURPOSE, hashlib.sha256).hexdigest()}"


def find_by_ticket(session: ReadSession, text: str) -> SdkKeyRow | None:
    """The key a ticket was made from, if both are good."""
    row = session.get(SdkKeyRow, text.partition(".")[0])
    if row is None or row.revoked_at is not None:
        return None
    return (
        row if hmac.compare_digest(ticket(row).encode(), text.encode("utf-8", "replace")) else None
    )
