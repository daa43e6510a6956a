"""The thread that has the register signed at an interval and copied to a second place."""

import threading
from collections.abc import Callable

import structlog

from control_plane.audit import checkpoints
from control_plane.audit.checkpoint_copies import CheckpointCopies
from control_plane.audit.checkpoints import InconsistentError
from control_plane.audit.models import CheckpointRow
from control_plane.audit.offline.notes import Unproven
from control_plane.audit.register_key import RegisterSigner, recorded_keys
from control_plane.audit.tree import read_head
from control_plane.audit.verifier import Anchor
from control_plane.db import Database
from control_plane.metrics import nobody_is_told

log = structlog.get_logger(__name__)


class Checkpointer:
    """Signs what is new every ``interval_s``, at a stop, and whenever somebody needs it now.

    ``ended`` is told of each pass whether it failed. ``failing`` and ``copy_failing`` say what
    went wrong last, None when nothing did.
    """

    def __init__(
        self,
        database: Database,
        signer: RegisterSigner,
        copies: CheckpointCopies,
        interval_s: float,
        ended: Callable[[bool], None] = nobody_is_told,
    ) -> None:
        self._database = database
        self._signer = signer
        self._copies = copies
        self._interval_s = interval_s
        self._ended = ended
        self._one_at_a_time = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.failing: str | None = None
        self.copy_failing: str | None = None

    def start(self) -> None:
        """Go on in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="checkpointer")
        self._thread.start()

    def stop(self) -> None:
        """Sign what there is, and end."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()

    def make(self) -> CheckpointRow:
        """A checkpoint over everything committed by now, copied.

        Raises InconsistentError and ContractError. A copy that cannot be read or written stops
        nothing: it is logged.
        """
        with self._one_at_a_time:
            earlier = self._copied()
            with self._database.write() as session:
                row = checkpoints.make_checkpoint(session, self._signer, earlier)
            self._copy(row)
            return row

    def covering(self, size: int) -> CheckpointRow:
        """A checkpoint over at least ``size`` events, made now if there is none."""
        with self._database.read() as session:
            row = checkpoints.covering(session, checkpoints.origin(session), size)
        return row or self.make()

    def _run(self) -> None:
        while True:
            last = self._stopping.wait(self._interval_s)
            self._pass()
            if last:
                return

    def _pass(self) -> None:
        try:
            if self.failing or self.copy_failing or self._is_behind():
                self.make()
            self.failing = None
        except Exception as error:
            # Whatever it was, the next pass starts from the tables again.
            self.failing = f"{type(error).__name__}: {error}"
            log.exception("the register could not be signed")
        self._ended(self.failing is not None)

    def _is_behind(self) -> bool:
        with self._database.read() as session:
            last = checkpoints.latest(session, checkpoints.origin(session))
            return last is None or last.size != read_head(session).size

    def _copied(self) -> list[Anchor]:
        """What the second place holds of this log."""
        with self._database.read() as session:
            name, keys = checkpoints.origin(session), recorded_keys(session)
        try:
            note = self._copies.newest(name)
        except (OSError, UnicodeError) as error:
            self._complain(error)
            return []
        try:
            return [checkpoints.anchor_of(note, keys, "the copied checkpoint")] if note else []
        except Unproven as error:
            raise InconsistentError(
                f"the copied checkpoint is none of this register: {error}"
            ) from error

    def _copy(self, row: CheckpointRow) -> None:
        try:
            self._copies.keep(row.origin, row.at, row.note)
            self.copy_failing = None
        except OSError as error:
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        self.copy_failing = f"{type(error).__name__}: {error}"
        log.error("the copies of checkpoints are out of reach", error=str(error))
