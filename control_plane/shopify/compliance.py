"""What Shopify's law topics ask for, with the day it must be done by.

They lie in the table ``compliance_request`` of the inbox until ``hand_over.py`` has written their
files. Subjects are pseudonyms by kind (``kept.subjects_of``), never what the body said.
"""

import json
import sqlite3
from dataclasses import dataclass

from control_plane import clock
from control_plane.shopify.kept import Compliance
from control_plane.shopify.place import Place

DUE_DAYS = 30
DAY_S = 86_400.0


@dataclass(frozen=True)
class Request:
    """``seq`` names it for good; ``subjects``: kind → pseudonym; empty for a whole shop."""

    seq: int
    topic: str
    shop: str
    domain: str
    subjects: dict[str, str]
    order_ids: list[int]
    data_request: int | None
    received_at: str
    due_at: str


def note(
    connection: sqlite3.Connection, place: Place, topic: str, seq: int, request: Compliance
) -> bool:
    """Write it down; ``seq`` is its delivery's. True: there is nothing newer than a wish."""
    connection.execute(
        "INSERT INTO compliance_request VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        (
            seq,
            topic,
            place.shop,
            place.domain,
            json.dumps(request.subjects, sort_keys=True),
            json.dumps(list(request.orders)),
            request.data_request,
            place.heard_at,
            clock.after(place.heard_at, DUE_DAYS * DAY_S),
        ),
    )
    return True


def open_requests(connection: sqlite3.Connection, limit: int = 1000) -> list[Request]:
    """Those nobody has taken, the most urgent first."""
    rows = connection.execute(
        "SELECT * FROM compliance_request WHERE taken_at IS NULL ORDER BY due_at, seq LIMIT ?",
        (limit,),
    )
    return [
        Request(
            seq=row["seq"],
            topic=row["topic"],
            shop=row["shop"],
            domain=row["domain"],
            subjects=json.loads(row["subjects"]),
            order_ids=json.loads(row["order_ids"]),
            data_request=row["data_request"],
            received_at=row["received_at"],
            due_at=row["due_at"],
        )
        for row in rows
    ]


def taken(connection: sqlite3.Connection, seq: int, now: str) -> None:
    """Somebody else keeps it from here on, durably; to be called once that is so. What is left
    names nobody."""
    connection.execute(
        "UPDATE compliance_request SET taken_at = ?, subjects = '{}', order_ids = '[]',"
        " data_request = NULL WHERE seq = ? AND taken_at IS NULL",
        (now, seq),
    )
