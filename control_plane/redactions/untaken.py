"""Law requests that came and that nobody took: they have no row yet, and their clock runs.

The ingress hands over within seconds. What lies in its inbox for longer cannot be handed over (a
shop that shares its name with another) or could not be read, and a person should look.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from bentos.contract.errors import ContractError
from control_plane import clock
from control_plane.shopify.compliance import open_requests
from control_plane.shopify.inbox import State, read_inbox
from control_plane.shopify.payloads import COMPLIANCE_TOPICS

PATIENCE_S = 600.0
SHOWN = 3


def check(inbox: Path) -> None:
    """Raise ContractError that names those, if there are any."""
    with closing(read_inbox(inbox)) as connection:
        before = clock.later(-PATIENCE_S)
        lying = [
            f"{each.topic} of {each.domain}, due {each.due_at}"
            for each in open_requests(connection)
            if each.received_at < before
        ]
        lying += _not_applied(connection, before)
    if lying:
        more = f" and {len(lying) - SHOWN} more" if len(lying) > SHOWN else ""
        named = f"{'; '.join(lying[:SHOWN])}{more}"
        why = "The ingress's log says why, signalbox ingress set-aside what it cannot read."
        expected = "every law request handed over"
        raise ContractError("ingress", expected, len(lying), f"Not yet: {named}. {why}")


def _not_applied(inbox: sqlite3.Connection, before: str) -> list[str]:
    topics = sorted(COMPLIANCE_TOPICS)
    marks = ", ".join("?" * len(topics))
    rows = inbox.execute(
        "SELECT topic, domain, received_at FROM delivery WHERE received_at < ?"  # noqa: S608 - ours
        f" AND state IN (?, ?) AND topic IN ({marks}) ORDER BY seq",
        (before, State.WAITING, State.SET_ASIDE, *topics),
    )
    return [f"{row['topic']} of {row['domain']}, which came {row['received_at']}" for row in rows]
