"""Carries law requests on: each pass does of each what can be done, and says what is missing.

It runs in the control plane, which alone may write the register; the ingress erases its own file,
training its own lake, and both say so in files. Every step may be repeated after a crash at any
point: what counts is a row's ``places``, and each is written with its event.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import RedactionKind, RedactionRequest, subject_digest
from control_plane import clock
from control_plane.backup.forgetting import BackupUnderWay, Erased, forget_in
from control_plane.db import Database, WriteSession
from control_plane.decisions.erasure import is_swept, order_erasure
from control_plane.decisions.models import ErasureRow
from control_plane.principal import Principal, system
from control_plane.redactions import note as notes
from control_plane.redactions import segments, service, tables, trained, untaken
from control_plane.redactions.deadline import Urgency, urgency
from control_plane.redactions.models import RedactionRow
from control_plane.redactions.note import Note
from control_plane.redactions.service import Place, Topic

REDACTOR = system("redactor")
log = structlog.get_logger(__name__)


@dataclass
class Redactor:
    """``ordered`` is called when decisions are to be erased: the upkeep wakes. ``unread`` says
    which of their files it could not go through."""

    home: Path
    database: Database
    ordered: Callable[[], None]
    unread: Callable[[], str | None] = lambda: None
    principal: Principal = field(default=REDACTOR)
    _removed: dict[str, dict[str, int]] = field(default_factory=dict)

    def run(self) -> list[str]:
        """One pass; problems that a person should see, each once."""
        problems: list[str] = []
        self._each("adopting", problems, (self._adopt,))
        if self._has_inbox():
            self._each("handing over", problems, (partial(untaken.check, self._inbox()),))
        with self.database.read() as session:
            rows = service.list_requests(session, is_open=True)
        for row in rows:
            self._each(row.id, problems, self._steps(row))
        return problems

    def _each(self, what: str, problems: list[str], steps: Sequence[Callable[[], None]]) -> None:
        for step in steps:
            try:
                step()
            except (ContractError, OSError, sqlite3.Error) as error:
                # A backup that cannot be read, a disk that is full: the others go on.
                if str(error) not in problems:
                    log.error("redaction_not_carried_on", what=what, reason=str(error))
                    problems.append(str(error))

    def _steps(self, row: RedactionRow) -> list[Callable[[], None]]:
        """Part by part: one that cannot do its own keeps no other from it."""
        parts = [] if row.topic == Topic.DATA_REQUEST else self._parts(row)
        return [*parts, partial(self._look_at_clock, row)]

    def _parts(self, row: RedactionRow) -> list[Callable[[], None]]:
        parts = (
            (Place.CONTROL_PLANE, self._own_tables),
            (Place.DECISIONS, self._decisions),
            (Place.INGRESS, self._ingress),
            (Place.TRAINING, self._training),
        )
        waiting = [partial(step, row) for place, step in parts if place.value not in row.places]
        return [*waiting, partial(self._close_if_done, row)]

    def _adopt(self) -> None:
        """Files that have no record yet get one; those of closed requests go."""
        notes.remove_left_behind(self.home)
        refused: ContractError | None = None
        paths = redaction_files.request_files(self.home) + notes.data_request_files(self.home)
        for path in paths:
            try:
                self._adopt_one(redaction_files.read_request(path), path)
            except ContractError as error:
                log.error("redaction_not_readable", file=path.name, reason=str(error))
                refused = error
        if refused is not None:
            raise refused

    def _adopt_one(self, wish: RedactionRequest, path: Path) -> None:
        with self.database.read() as session:
            row = session.get(RedactionRow, wish.id)
        if row is None:
            note = notes.read_note(self.home, wish.id) or Note(id=wish.id)
            erases = path == redaction_files.request_path(self.home, wish.id)
            topic = service.topic_of(wish, note, erases=erases)
            with self.database.write() as session:
                if session.get(RedactionRow, wish.id) is None:
                    service.open_request(session, self.principal, wish, topic, note)
        elif row.closed_at is not None:
            notes.remove_wish(self.home, wish.id)

    def _own_tables(self, row: RedactionRow) -> None:
        wish = notes.read_wish(self.home, row.id)
        if wish is None:
            return
        with self.database.write() as session:
            if wish.kind is RedactionKind.SHOP:
                removed = tables.forget_shop(session, self.principal, wish, row.domain)
            else:
                removed = tables.forget_customer(session, wish)
        if wish.kind is RedactionKind.SHOP:
            removed |= tables.forget_credentials(self.home / "keys", row.domain)
        # What the first of several tries removed is told with the last.
        removed = self._removed.setdefault(row.id, {}) | removed
        self._removed[row.id] = removed
        if not self.database.rewrite(tables.REWRITTEN):
            return  # somebody reads old pages: the next pass empties the log
        if self._backups(row, wish, removed):
            self._done(row.id, Place.CONTROL_PLANE, self._removed.pop(row.id))

    def _backups(self, row: RedactionRow, wish: RedactionRequest, removed: dict[str, int]) -> bool:
        """Those of this home; False: one is being written, so that the next pass looks at it."""
        shop = wish.shop if wish.kind is RedactionKind.SHOP else None
        digests = frozenset(map(subject_digest, wish.subjects))
        erased = Erased(digests, shop, wish, row.domain or "")
        try:
            rewritten = forget_in(self.home / "backups", erased)
        except BackupUnderWay:
            return False
        if rewritten:
            removed["backups"] = removed.get("backups", 0) + rewritten
        return True

    def _decisions(self, row: RedactionRow) -> None:
        if row.erasure is None:
            wish = notes.read_wish(self.home, row.id)
            if wish is not None and not self._is_decided_about(row.id):
                self._order(row.id, wish)
            return
        with self.database.read() as session:
            erasure = session.get_one(ErasureRow, row.erasure)
            swept = is_swept(session)
        if segments.still_here(self.home, row.segments):
            return
        if erasure.done_at is None or not swept:
            self.ordered()
            unread = self.unread()
            if unread is not None:
                field = f"redaction {row.id}: decisions"
                raise ContractError(field, "to be done", "not yet", unread)
            return
        self._done(row.id, Place.DECISIONS, {"decisions": erasure.decisions})

    def _is_decided_about(self, request_id: str) -> bool:
        """Until the ingress here has erased them its fraud loop may go on deciding about them,
        and an order covers what was decided before it."""
        note = notes.read_note(self.home, request_id)
        erased = note is not None and note.erased_at is not None
        return not erased and self._has_inbox()

    def _has_inbox(self) -> bool:
        return self._inbox().exists()

    def _inbox(self) -> Path:
        return self.home / "ingress" / "inbox.db"

    def _order(self, request_id: str, wish: RedactionRequest) -> None:
        with self.database.write() as session:
            row = service.get_request(session, request_id)
            if row.erasure is not None:
                return
            row.segments = segments.unshipped(self.home)
            shop = wish.shop if wish.kind is RedactionKind.SHOP else None
            why = f"redaction {row.id}: {wish.reason}"
            row.erasure = order_erasure(
                session, self.principal, list(wish.subjects), why, shop=shop
            ).id
            session.add(row)
        self.ordered()

    def _ingress(self, row: RedactionRow) -> None:
        note = notes.read_note(self.home, row.id)
        if note is not None and note.erased_at is not None:
            self._done(row.id, Place.INGRESS, note.removed)
        elif note is None and not self._has_inbox():
            # Asked by a person, where no webhooks come in.
            self._done(row.id, Place.INGRESS, {})

    def _training(self, row: RedactionRow) -> None:
        record = redaction_files.record_of(self.home / "lake", row.id)
        if record is None:
            self._hindered(row)
            return
        with self.database.write() as session:
            stored = service.get_request(session, row.id)
            stored.versions = trained.named_by(session, record)
            self._place(session, stored, Place.TRAINING, record.removed)

    def _hindered(self, row: RedactionRow) -> None:
        """Say what keeps training from its end; raises ContractError while something does."""
        hindrance = redaction_files.hindrance_of(self.home, row.id)
        if hindrance is None:
            return
        with self.database.write() as session:
            stored = service.get_request(session, row.id)
            if stored.closed_at is None and stored.hindrance != hindrance.why:
                service.hinder(session, self.principal, stored, hindrance.why)
        field = f"redaction {row.id}: training"
        raise ContractError(field, "to be done", "not yet", hindrance.why)

    def _done(self, request_id: str, place: Place, removed: dict[str, int]) -> None:
        with self.database.write() as session:
            self._place(session, service.get_request(session, request_id), place, removed)

    def _place(
        self, session: WriteSession, row: RedactionRow, place: Place, removed: dict[str, int]
    ) -> None:
        if place.value not in row.places:
            service.place_done(session, self.principal, row, place, removed)

    def _close_if_done(self, row: RedactionRow) -> None:
        with self.database.read() as session:
            stored = service.get_request(session, row.id)
        if stored.closed_at is not None:
            notes.remove_wish(self.home, row.id)
            return
        wish = notes.read_wish(self.home, row.id)
        if service.waits_for(stored) or (wish is not None and not self._is_in_no_backup(row, wish)):
            return
        moot = [] if wish is None else self._moot(wish)
        with self.database.write() as session:
            stored = service.get_request(session, row.id)
            if stored.closed_at is None:
                service.close(session, self.principal, stored, "erased in every place")
                moot = service.close_moot(session, self.principal, moot, row.id)
            else:
                moot = []
        for each in (row.id, *moot):
            notes.remove_wish(self.home, each)

    def _is_in_no_backup(self, row: RedactionRow, wish: RedactionRequest) -> bool:
        """One that was made after the first look, while a part still had them, holds them too."""
        removed: dict[str, int] = {}
        if not self._backups(row, wish, removed):
            return False
        if removed:
            log.info("redaction_backups_again", id=row.id, removed=removed)
        return True

    def _moot(self, wish: RedactionRequest) -> list[str]:
        """Open wishes for data of whoever this erases: nothing is left to be exported, and their
        files name the person. The first name of a wish is the customer."""
        whole = wish.kind is RedactionKind.SHOP
        return [
            each.id
            for each in notes.readable_data_requests(self.home)
            if each.shop == wish.shop
            and (whole or not set(each.subjects[:1]).isdisjoint(wish.subjects))
        ]

    def _look_at_clock(self, row: RedactionRow) -> None:
        alarm = urgency(row.due_at, row.closed_at, clock.now())
        if alarm not in {Urgency.SOON, Urgency.OVERDUE} or row.warned == alarm:
            return
        with self.database.write() as session:
            stored = service.get_request(session, row.id)
            if stored.closed_at is None and stored.warned != alarm:
                service.warn(session, self.principal, stored, alarm)
                log.error("redaction_late", id=row.id, urgency=alarm, due_at=row.due_at)
