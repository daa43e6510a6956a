"""Remembers what a keyed write was answered, in the write's own transaction.

Whoever is about to write holds the only write lock of the installation, on either engine. So
the look for an earlier answer, the change and its answer are one step for all replicas: no two
requests with one key are both carried out, and none is carried out without its answer.
"""

import json
from typing import Any

from sqlalchemy import Connection, delete
from sqlalchemy import select as select_columns
from sqlmodel import col
from starlette.responses import Response

from control_plane import clock
from control_plane.db import WriteSession
from control_plane.errors import DoneAlreadyError, KeyReusedError
from control_plane.idempotency.key import Asked
from control_plane.idempotency.models import AnswerRow
from control_plane.idempotency.secrecy import without_what_is_shown_once

KEPT_S = 24 * 3600.0
"""How long a key is remembered, in seconds."""
MAX_KEPT_BYTES = 256 * 1024
"""A longer answer is not kept, only that it was given."""
KEPT_HEADERS = ("content-type", "etag", "location")
REPLAYED = "idempotency-replayed"
_COLUMNS = AnswerRow.__table__.c  # type: ignore[attr-defined]


class ReplayedError(Exception):
    """Not an error: the write was carried out before; ``response`` is what it was answered."""

    def __init__(self, response: Response) -> None:
        self.response = response
        super().__init__("answered before")


def check(connection: Connection, answer_id: str, asked: Asked) -> None:
    """Raise ReplayedError for what was carried out already, or why it cannot be answered again:
    KeyReusedError for another request, DoneAlreadyError for an answer that is not kept."""
    query = select_columns(*_COLUMNS).where(_COLUMNS.id == answer_id)
    row = connection.execute(query).mappings().first()
    if row is None or row["expires_at"] <= clock.now():
        return
    if row["fingerprint"] != asked.fingerprint:
        raise KeyReusedError(
            f"this Idempotency-Key came with another request, to {row['endpoint']}; "
            "send a new key for a new change, and the same bytes for the same one"
        )
    if row["shown_once"] or (row["body"] is None and row["status"] != 204):
        raise _done_already(row)
    headers = dict(row["headers"]) | {REPLAYED: "true"}
    body = row["body"].encode() if row["body"] is not None else b""
    raise ReplayedError(Response(body, row["status"], headers))


def keep(
    session: WriteSession, answer_id: str, asked: Asked, endpoint: str, response: Response
) -> None:
    """Remember a write's answer; answers nobody may ask for any more are forgotten."""
    now = clock.now()
    session.execute(delete(AnswerRow).where(col(AnswerRow.expires_at) <= now))
    body, shown_once = _kept(response)
    row = AnswerRow(
        id=answer_id,
        fingerprint=asked.fingerprint,
        endpoint=endpoint,
        status=response.status_code,
        headers={k: response.headers[k] for k in KEPT_HEADERS if k in response.headers},
        body=body,
        shown_once=shown_once,
        answered_at=now,
        expires_at=clock.later(KEPT_S),
    )
    session.add(row)


def _kept(response: Response) -> tuple[str | None, bool]:
    body = bytes(response.body)
    if not body or len(body) > MAX_KEPT_BYTES:
        return None, False
    text = body.decode()
    kept, shown_once = without_what_is_shown_once(text)
    return (kept, True) if shown_once else (text, False)


def _done_already(row: Any) -> DoneAlreadyError:
    done = f"{row['endpoint']} was carried out at {row['answered_at']}"
    if not row["shown_once"]:
        return DoneAlreadyError(f"{done}; its answer was too long to keep: read what it made")
    made = json.loads(row["body"])
    return DoneAlreadyError(
        f"{done} and answered with a secret, which is shown once and not kept. If that answer "
        "was lost, revoke or rotate what was made, or make another with a new Idempotency-Key",
        made=made,
    )
