"""Erases from what the ingress keeps: its inbox, and the outcomes it writes into the lake.

Every request that lies in ``redactions/requests`` and whose note does not say that it is done.
Rows go in one transaction; then the file is written anew, as SQLite leaves bits of old rows in
pages it has rearranged, and its log is emptied; then the outcomes are written without them.
Killed at any point, all of it is done again.
"""

import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec
import structlog

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import (
    ERASED_ORDER,
    RedactionKind,
    RedactionRequest,
    order_digest,
    subject_digest,
)
from control_plane import clock
from control_plane.redactions.note import Note, read_note, write_note
from control_plane.shopify import erased, erased_rows
from control_plane.shopify.erased_rows import Found
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.kept import microseconds
from control_plane.shopify.outcome_files import write_files

Name = Callable[[str, str, str], str]
"""(shop, kind, raw id) → pseudonym."""
log = structlog.get_logger(__name__)


class StillReadError(Exception):
    """Somebody reads the inbox, so its log cannot be emptied yet."""


class Erasing:
    """``run`` carries out what is asked for."""

    def __init__(
        self,
        home: Path,
        inbox: Path,
        writer: InboxWriter,
        name: Name,
        settle: Callable[[], None] = lambda: None,
    ) -> None:
        """``settle`` returns when nobody is at work any more with rows read before."""
        self._settle = settle
        self._home = home
        self._inbox = inbox
        self._outcomes = home / "lake" / "outcomes"
        self._writer = writer
        self._name = name

    def run(self) -> int:
        """How many requests are done now. Raises StillReadError, or ContractError for a file
        that cannot be read, after all others were done."""
        refused: ContractError | None = None
        under_way: list[Note] = []
        for path in redaction_files.request_files(self._home):
            try:
                request = redaction_files.read_request(path)
                note = read_note(self._home, request.id) or Note(id=request.id)
            except ContractError as error:
                log.error("redaction_not_readable", file=path.name, reason=str(error))
                refused = error
                continue
            if note.erased_at is None:
                under_way.append(self._rows(request, note))
        if under_way:
            self._writer.alone(_written_anew)
            self._rewrite_outcomes()
            # The control plane orders decisions erased from here on: none may come after.
            self._settle()
            for note in under_way:
                done = msgspec.structs.replace(note, erased_at=clock.now())
                write_note(self._home, done)
                log.info("redaction_erased_here", id=note.id, removed=done.removed)
        if refused is not None:
            raise refused
        return len(under_way)

    def _rows(self, request: RedactionRequest, note: Note) -> Note:
        removed = self._writer.write(partial(self._erase, request=request, domain=note.domain))
        total = {
            place: removed.get(place, 0) + note.removed.get(place, 0)
            for place in removed.keys() | note.removed.keys()
        }
        note = msgspec.structs.replace(note, removed=dict(sorted(total.items())))
        write_note(self._home, note)
        return note

    def _erase(
        self, inbox: sqlite3.Connection, request: RedactionRequest, domain: str
    ) -> dict[str, int]:
        # Training goes by the same moment: what they order after they asked is new to both.
        asked = microseconds(datetime.fromisoformat(request.requested_at))
        secret = self._name(request.shop, ERASED_ORDER, "")
        whole = request.kind is RedactionKind.SHOP
        found = Found.all_of(inbox, request, domain) if whole else Found.of(inbox, request, domain)
        people = list(map(subject_digest, found.subjects))
        if whole:
            # The reconcile job may be reading it, and does so until its credentials are gone.
            people.append(erased.whole_shop(partial(self._name, request.shop)))
        orders = (order_digest(secret, number) for number in found.numbers())
        erased.remember(inbox, people, orders, asked)
        if whole:
            return erased_rows.of_shop(inbox, request.shop, domain)
        return erased_rows.of_customer(inbox, found)

    def _rewrite_outcomes(self) -> None:
        if self._outcomes.is_dir():
            write_files(self._inbox, self._outcomes)


def _written_anew(inbox: sqlite3.Connection) -> None:
    """The file holds what its rows hold and nothing else; its log is empty."""
    inbox.execute("VACUUM")
    busy = inbox.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        raise StillReadError("the inbox is being read: its log cannot be emptied yet")
