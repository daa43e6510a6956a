"""Starts approved releases at the time they were scheduled for."""

from collections import defaultdict

from sqlmodel import col, select

from control_plane import clock
from control_plane.db import ReadSession, WriteSession
from control_plane.principal import system
from control_plane.releases.freezes import frozen_by
from control_plane.releases.interlock import not_forward
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.order import Order
from control_plane.releases.service import apply


def start_due(session: WriteSession) -> None:
    """Start scheduled releases whose time has come; one that may not start is aborted.

    A group starts whole or not at all.
    """
    together: dict[str, list[ReleaseRow]] = defaultdict(list)
    for row in due(session):
        together[row.group_id or row.id].append(row)
    for rows in together.values():
        _start(session, rows)


def due(session: ReadSession) -> list[ReleaseRow]:
    """Releases whose time has come. One in a freeze window waits until that is over, and so do
    those that move with it."""
    query = select(ReleaseRow).where(
        col(ReleaseRow.state) == State.SCHEDULED.value, col(ReleaseRow.starts_at) <= clock.now()
    )
    rows = list(session.exec(query.order_by(col(ReleaseRow.id))))
    frozen = [row for row in rows if frozen_by(session, row) is not None]
    waiting = {row.group_id or row.id for row in frozen}
    return [row for row in rows if (row.group_id or row.id) not in waiting]


def _start(session: WriteSession, rows: list[ReleaseRow]) -> None:
    principal = system("schedule")
    reasons = [
        reason if row.group_id is None else f"{row.model}: {reason}"
        for row in rows
        for reason in not_forward(session, row)
    ]
    if reasons:
        order = Order(reason=f"could not start as scheduled: {'; '.join(reasons)}")
        verb = Verb.ABORT
    else:
        order, verb = Order(reason="its scheduled time came"), Verb.START
    for row in rows:
        apply(session, principal, row, verb, order)
