"""What the inbox holds, in numbers and lists; what is set aside, tried again or dropped."""

import sqlite3
from typing import Any

from control_plane import clock
from control_plane.shopify.compliance import DUE_DAYS
from control_plane.shopify.inbox import State

HOUR_S = 3600.0


def waiting(inbox: sqlite3.Connection) -> int:
    """Deliveries to be applied."""
    return _number(inbox, "SELECT count(*) FROM delivery WHERE state = 0")


def oldest_waiting_s(inbox: sqlite3.Connection) -> float:
    """Seconds since the oldest of them came; 0 when there is none."""
    row = inbox.execute(
        "SELECT received_at FROM delivery WHERE state = 0 ORDER BY seq LIMIT 1"
    ).fetchone()
    return 0.0 if row is None else max(0.0, clock.seconds_since(row[0]))


def set_aside_count(inbox: sqlite3.Connection) -> int:
    """Deliveries set aside."""
    return _number(inbox, "SELECT count(*) FROM delivery WHERE state = 3")


def compliance_open(inbox: sqlite3.Connection) -> int:
    """Requests nobody has taken."""
    return _number(inbox, "SELECT count(*) FROM compliance_request WHERE taken_at IS NULL")


def compliance_hours_left(inbox: sqlite3.Connection) -> float:
    """Until the most urgent one is due; negative when it is overdue."""
    row = inbox.execute(
        "SELECT min(due_at) FROM compliance_request WHERE taken_at IS NULL"
    ).fetchone()
    return DUE_DAYS * 24.0 if row[0] is None else -clock.seconds_since(row[0]) / HOUR_S


def tally(inbox: sqlite3.Connection) -> list[dict[str, Any]]:
    """Topic and state → how many since the inbox was made."""
    rows = inbox.execute("SELECT topic, state, count FROM tally ORDER BY topic, state")
    return [
        {"topic": row["topic"], "state": State(row["state"]).name.lower(), "count": row["count"]}
        for row in rows
    ]


def set_aside(inbox: sqlite3.Connection, limit: int) -> list[dict[str, Any]]:
    """The oldest first. ``retriable``: what was kept of it is there."""
    rows = inbox.execute(
        "SELECT seq, topic, domain, webhook_id, received_at, attempts, error,"
        " kept IS NOT NULL AS retriable FROM delivery WHERE state = 3 ORDER BY seq LIMIT ?",
        (limit,),
    )
    return [dict(row) | {"retriable": bool(row["retriable"])} for row in rows]


def retry(inbox: sqlite3.Connection, seq: int) -> bool:
    """Have it applied again; False where nothing of it was kept, or it is not set aside."""
    cursor = inbox.execute(
        "UPDATE delivery SET state = 0, attempts = 0 WHERE seq = ? AND state = 3"
        " AND kept IS NOT NULL",
        (seq,),
    )
    return cursor.rowcount == 1


def drop(inbox: sqlite3.Connection, seq: int, now: str) -> bool:
    """Give it up: only its id stays, for as long as ids do."""
    cursor = inbox.execute(
        "UPDATE delivery SET state = 4, kept = NULL, done_at = ? WHERE seq = ? AND state = 3",
        (now, seq),
    )
    return cursor.rowcount == 1


def _number(inbox: sqlite3.Connection, query: str) -> int:
    return int(inbox.execute(query).fetchone()[0])
