"""Erases persons from the lake (contract §5): ordered by a person, carried out by the upkeep.

An order keeps digests of pseudonyms only. It goes through every file that is there, and from
then on through each segment that is registered later: what was decided before the order and
shipped after it goes as well.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pyarrow as pa
import structlog
from sqlmodel import col, select

from bentos.contract.register import Action
from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import Part, moment_of, segment_file
from control_plane import clock
from control_plane.audit.models import EventRow
from control_plane.audit.service import Change, record
from control_plane.db import Database, ReadSession, WriteSession
from control_plane.decisions.lease import WORK_ID, Lease, work_row
from control_plane.decisions.models import ErasureRow, LakeWorkRow
from control_plane.decisions.redaction import Redaction, redacted_of
from control_plane.decisions.subject import subject_digest
from control_plane.errors import ConflictError
from control_plane.identifier import new_id
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Principal, system

log = structlog.get_logger(__name__)
# A shadow's outcome, or a file some process left half-written, may come after its decision.
LATE = timedelta(days=2)
LEFT_BEHIND = timedelta(minutes=10)
UPKEEP = system("upkeep")
MAX_SAID = 3
MAX_REASON = 300
"""Characters of why a file could not be read."""


class UnreadError(Exception):
    """Files nobody can read, so that nobody knows who is in them. All others were gone through."""

    def __init__(self, unread: dict[str, str]) -> None:
        said = [f"{path} ({why})" for path, why in sorted(unread.items())]
        more = f" and {len(said) - MAX_SAID} more" if len(said) > MAX_SAID else ""
        super().__init__(f"could not go through {'; '.join(said[:MAX_SAID])}{more}")


def order_erasure(
    session: WriteSession,
    principal: Principal,
    subjects: list[str],
    reason: str,
    ticket: str | None = None,
    shop: str | None = None,
) -> ErasureRow:
    """Write down that a person is to be erased; the same event says who wanted it, and why.

    With a ``shop``: everybody whose decisions are that shop's.
    """
    row = ErasureRow(
        id=new_id(),
        subject_digests=sorted(map(subject_digest, subjects)),
        requested_at=clock.now(),
        requested_by=principal.actor.id,
        reason=reason,
        ticket=ticket,
        shop=shop,
    )
    session.add(row)
    session.flush()
    change = Change(
        action=Action.DECISION_ERASE,
        entity=f"erasure:{row.id}",
        after=erasure_view(row),
        reason=reason,
        ticket=ticket,
    )
    record(session, principal, change)
    return row


def erasure_view(row: ErasureRow) -> dict[str, Any]:
    """An order and how far it is."""
    return row.model_dump()


def list_erasures(session: ReadSession, page: Listing = EVERYTHING) -> list[ErasureRow]:
    """All orders, newest first."""
    order = col(ErasureRow.requested_at), col(ErasureRow.id)
    return page.rows(session, select(ErasureRow), *order, newest_first=True)


@dataclass
class Erasing:
    """Carries out what was ordered. Every step may be repeated after a crash at any point."""

    lake: Lake
    database: Database
    _seen: set[tuple[str, str]] = field(default_factory=set)
    "Shadow files that went through an order already: files never get more rows."
    _unread: dict[str, str] = field(default_factory=dict)

    def run(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Orders not done yet, then segments that came later; whether anything was erased.

        ``stopping`` is asked between files: what is left is done the next time. Raises UnreadError
        when all else is done: then no order that covers such a file is.
        """
        self._unread.clear()
        lease = Lease(self.database)
        with self.database.read() as session:
            orders = list_erasures(session)
            newest = _newest_segment_event(session)
        open_orders = [row for row in orders if row.done_at is None]
        done = [row for row in orders if row.done_at is not None]
        if not orders or (not open_orders and newest == self._swept() and not _late(orders)):
            return False
        with lease.hold():

            def renew() -> None:
                if stopping():
                    raise ConflictError("the control plane ends; the rest is done by the next")
                lease.renew()

            redaction = Redaction(self.lake, self.database, UPKEEP, renew)
            erased = self._everywhere(redaction, open_orders) if open_orders else 0
            # What an open order has just seen need not be swept for it; older orders come first.
            erased += self._later(redaction, done, newest)
            erased += sum(self._shadows(redaction, row) for row in _late(orders))
        if self._unread:
            raise UnreadError(self._unread)
        return bool(erased)

    def _everywhere(self, redaction: Redaction, orders: list[ErasureRow]) -> int:
        """Every personal file there is; then the orders are done."""
        last = max(row.requested_at for row in orders)[:10]
        erased = 0
        for day in self.lake.days(Part.PERSONAL):
            if day > last:
                continue
            for path in self.lake.files(Part.PERSONAL, day):
                erased += self._through(path, lambda path: redaction.file(path, orders).erased)
            self._remove_left_behind(day)
        for row in orders:
            self._shadows(redaction, row)
            if not self._unread:
                self._done(row)
        return erased

    def _through(self, path: str, erase: Callable[[str], int]) -> int:
        """What went of a file; one that cannot be read keeps no other from it."""
        try:
            return erase(path)
        except (OSError, pa.ArrowException) as error:
            self._unread[path] = f"{type(error).__name__}: {error}"[:MAX_REASON]
            log.error("erasure_not_gone_through", path=path, reason=self._unread[path])
            return 0

    def _later(self, redaction: Redaction, orders: list[ErasureRow], newest: int) -> int:
        """Files of segments that were registered since the last time."""
        erased, swept = 0, self._swept()
        with self.database.read() as session:
            segments = _segments_after(session, swept, newest)
        names = {segment_file(*each) for each in segments}
        if names and orders:
            for name, paths in self.lake.names(Part.PERSONAL).items():
                for path in paths if name in names else ():
                    erased += self._through(path, lambda path: redaction.file(path, orders).erased)
        if self._unread:
            return erased
        with self.database.write() as session:
            work = work_row(session)
            work.swept = max(work.swept, newest)
            session.add(work)
        return erased

    def _shadows(self, redaction: Redaction, row: ErasureRow) -> int:
        with self.database.read() as session:
            ids = redacted_of(session, row.id)
        by_day: dict[str, set[str]] = defaultdict(set)
        for each in ids:
            moment = moment_of(each)
            if moment is not None:
                by_day[moment.date().isoformat()].add(each)
        erased = 0
        for day, some in by_day.items():
            paths = self.lake.files(Part.SHADOW, day)
            new = [path for path in paths if (row.id, path) not in self._seen]
            for path in new:
                erased += self._through(path, partial(redaction.shadows, ids=some))
            self._seen.update((row.id, path) for path in new if path not in self._unread)
        return erased

    def _remove_left_behind(self, day: str) -> None:
        """What a process that died mid-write left: it may hold whom we just erased."""
        for part in (Part.PERSONAL, Part.SHADOW):
            for path in self.lake.leftovers(part, day, LEFT_BEHIND):
                self.lake.remove(path)
                log.warning("left_behind_removed", path=path)

    def _done(self, row: ErasureRow) -> None:
        with self.database.write() as session:
            stored = session.get_one(ErasureRow, row.id)
            before = erasure_view(stored)
            stored.done_at = clock.now()
            stored.decisions = len(redacted_of(session, row.id))
            session.add(stored)
            session.flush()
            change = Change(
                action=Action.DECISION_ERASE,
                entity=f"erasure:{row.id}",
                before=before,
                after=erasure_view(stored),
            )
            record(session, UPKEEP, change)

    def _swept(self) -> int:
        with self.database.write() as session:
            return work_row(session).swept


def is_swept(session: ReadSession) -> bool:
    """Whether every segment that is registered now has been through all orders."""
    work = session.get(LakeWorkRow, WORK_ID)
    return (work.swept if work else 0) >= _newest_segment_event(session)


def _late(orders: list[ErasureRow]) -> list[ErasureRow]:
    """Orders young enough for a shadow's outcome to come after its decision was erased."""
    since = clock.to_text(datetime.now(UTC) - LATE)
    return [row for row in orders if row.requested_at > since]


def _newest_segment_event(session: ReadSession) -> int:
    query = select(EventRow.seq).where(col(EventRow.action) == Action.SEGMENT_REGISTER.value)
    return session.exec(query.order_by(col(EventRow.seq).desc()).limit(1)).first() or 0


def _segments_after(session: ReadSession, swept: int, newest: int) -> list[tuple[str, str, int]]:
    query = select(EventRow.diff).where(
        col(EventRow.action) == Action.SEGMENT_REGISTER.value,
        col(EventRow.outcome) == "allowed",
        col(EventRow.seq) > swept,
        col(EventRow.seq) <= newest,
    )
    return [
        (diff["gateway"][1], diff["boot"][1], diff["first_seq"][1]) for diff in session.exec(query)
    ]
