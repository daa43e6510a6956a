"""One process at a time rewrites the lake's files: two would undo each other's erasures."""

from collections.abc import Iterator
from contextlib import contextmanager

from control_plane import clock
from control_plane.db import Database, WriteSession
from control_plane.decisions.models import LakeWorkRow
from control_plane.errors import ConflictError
from control_plane.identifier import new_id

WORK_ID = 1
LEASE_S = 120.0


class Lease:
    """Held while ``hold`` is open; ``renew`` before each file, as none takes longer than that."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._holder = new_id()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Raises ConflictError while somebody else has it."""
        self.renew()
        try:
            yield
        finally:
            with self._database.write() as session:
                row = work_row(session)
                if row.holder == self._holder:
                    row.holder = row.until = None
                    session.add(row)

    def renew(self) -> None:
        """Keep it for another while; raises ConflictError when somebody else took it."""
        with self._database.write() as session:
            row = work_row(session)
            if row.holder not in (None, self._holder) and (row.until or "") > clock.now():
                raise ConflictError("the lake's files are being rewritten; try again in a minute")
            row.holder, row.until = self._holder, clock.later(LEASE_S)
            session.add(row)


def work_row(session: WriteSession) -> LakeWorkRow:
    """The one row, for this transaction alone."""
    row = session.get(LakeWorkRow, WORK_ID, with_for_update=True)
    if row is None:
        row = LakeWorkRow(id=WORK_ID)
        session.add(row)
        session.flush()
    return row
