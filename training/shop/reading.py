"""One bulk stream from start to end, whatever happens on the way.

Each batch of lines is committed with the byte it ends at, so a killed sync goes on where it
was. An operation that fails, expires, is cancelled or lost is run again; one that fails on a
span that is too long is cut in two where its partial data ended.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from bentos.shopify_admin import document
from bentos.shopify_admin.clock import Clock
from bentos.shopify_admin.errors import ResultExpired, Unavailable
from training.shop.bulk import Admin, Ended, Hinted, Operation, Operations
from training.shop.errors import SyncError, Unreadable
from training.shop.result_file import lines
from training.shop.rows import Rows
from training.shop.staging import Progress, Staging, seen_name, staged_name
from training.shop.streams import SWEEP_SUFFIX, Stream

BATCH_LINES = 4_000
MAX_ATTEMPTS = 5
"Operations that give nothing, in a row, before a stream is given up for this time."
MAX_FETCHES = 5
"Downloads without a whole line, in a row."
RETRY_S = 5.0
SKEW = timedelta(minutes=5)
"Between our clock and Shopify's."
BEGINNING = "1970-01-01T00:00:00Z"

Told = Callable[[str, int, int | None], None]
"What is told while reading: the stream, bytes done, bytes in all."


class Reader:
    """Reads bulk streams of one shop into a staging file."""

    def __init__(
        self,
        admin: Admin,
        clock: Clock,
        staging: Staging,
        rows: Rows,
        *,
        told: Told,
        hinted: Hinted,
    ) -> None:
        self._admin = admin
        self._clock = clock
        self._staging = staging
        self._rows = rows
        self._told = told
        self._operations = Operations(admin, clock, hinted)

    def read(self, stream: Stream) -> None:
        """All rows of a stream's windows; raises SyncError when it is given up."""
        tables = [staged_name(table) for table in stream.tables]
        self._read(stream.name, tables, lambda window: _rows_text(stream, window), self._add_rows)

    def sweep(self, stream: Stream) -> None:
        """The ids of everything there is, and how new each is."""

        def add(name: str, several: Sequence[bytes], progress: Progress) -> None:
            seen = [self._rows.seen(line) for line in several]
            self._staging.add_seen(name, stream.name, seen, progress)

        name = stream.name + SWEEP_SUFFIX
        text = document.load(stream.sweep).inlined()
        self._read(name, [seen_name(stream.name)], lambda _: text, add)

    def _add_rows(self, name: str, several: Sequence[bytes], progress: Progress) -> None:
        self._staging.add(name, map(self._rows.of_line, several), progress)

    def _read(
        self,
        name: str,
        tables: Sequence[str],
        text: Callable[[tuple[str | None, str | None]], str],
        add: Callable[[str, Sequence[bytes], Progress], None],
    ) -> None:
        while not (progress := self._staging.progress(name)).done:
            progress = self._running(name, text(progress.windows[0]), progress)
            try:
                operation = self._operations.finished(progress.operation or "")
                progress = self._fetch(name, operation, progress, add)
                following = msgspec.structs.replace(
                    progress,
                    windows=progress.windows[1:] or progress.windows,
                    done=len(progress.windows) == 1,
                    operation=None,
                    intent=None,
                    offset=0,
                    attempts=0,
                    batch=progress.batch + 1,
                )
                self._staging.set_progress(name, following)
            except (Ended, ResultExpired, Unreadable) as problem:
                self._again(name, tables, problem)

    def _running(self, name: str, text: str, progress: Progress) -> Progress:
        """Started, or found again: noted before and after, so that a kill loses none."""
        if progress.operation is not None:
            return progress
        if progress.intent is None:
            progress = msgspec.structs.replace(progress, intent=self._clock.now().isoformat())
            self._staging.set_progress(name, progress)
            operation = self._started(text, progress.intent or "")
        else:
            known = self._ours(text, progress.intent)
            operation = known or self._started(text, progress.intent)
        progress = msgspec.structs.replace(
            progress,
            operation=operation.id,
            since=progress.since or stamp(operation.created_at.astimezone(UTC)),
        )
        self._staging.set_progress(name, progress)
        return progress

    def _ours(self, text: str, intent: str) -> Operation | None:
        return self._operations.ours(text, datetime.fromisoformat(intent) - SKEW)

    def _started(self, text: str, intent: str) -> Operation:
        """A new one; where the answer broke off it may have been started all the same."""
        for _ in range(MAX_ATTEMPTS):
            try:
                return self._operations.start(text)
            except Unavailable as broken:
                if not broken.maybe_done:
                    raise
                found = self._ours(text, intent)
            if found is not None:
                return found
        raise SyncError(f"no bulk operation was started in {MAX_ATTEMPTS} tries; sync again later")

    def _fetch(self, name: str, operation: Operation, progress: Progress, add: Any) -> Progress:
        """Download from where it stands to the end of the file."""
        if operation.url is None:  # nothing was found
            return progress
        size = int(operation.file_size) if operation.file_size is not None else None
        fruitless = 0
        while size is None or progress.offset < size:
            before = progress.offset
            try:
                chunks = self._admin.download(operation.url, progress.offset, size)
                read = lines(chunks, progress.offset, size)
                while several := list(islice(read, BATCH_LINES)):
                    progress = msgspec.structs.replace(progress, offset=several[-1][1])
                    add(name, [line for line, _ in several], progress)
                    self._told(name, progress.offset, size)
                if size is None:
                    break
            except Unavailable:
                if fruitless + 1 >= MAX_FETCHES:
                    raise
            # Blank lines at the end are no lines; what is left then is not worth a fetch.
            fruitless = 0 if progress.offset > before else fruitless + 1
            if fruitless >= MAX_FETCHES:
                raise Unreadable(f"result of {name}", f"{size} bytes", progress.offset)
            if size is not None and progress.offset < size:
                self._clock.sleep(RETRY_S)
        return progress

    def _again(self, name: str, tables: Sequence[str], problem: Exception) -> None:
        """Drop what the operation gave so far and let it be run again, in two if it failed."""
        progress = self._staging.progress(name)
        attempts = progress.attempts + 1
        if attempts >= MAX_ATTEMPTS:
            raise SyncError(f"{name}: given up after {attempts} operations, the last: {problem}")
        windows = progress.windows
        if isinstance(problem, Ended) and problem.partial is not None:
            windows = self._cut(windows, problem.partial)
        again = msgspec.structs.replace(
            progress,
            windows=windows,
            operation=None,
            intent=None,
            offset=0,
            attempts=0 if windows != progress.windows else attempts,
            batch=progress.batch + 1,
        )
        self._staging.forget(name, tables, progress.batch, again)

    def _cut(
        self, windows: tuple[tuple[str | None, str | None], ...], partial: str
    ) -> tuple[tuple[str | None, str | None], ...]:
        """The first window in two, at the newest change the failed operation got to.

        Its rows are not kept: an order there may lack some of its lines.
        """
        begin, end = windows[0]
        newest: datetime | None = None
        try:
            for line, _ in lines(self._admin.download(partial, 0), 0, None):
                table, values = self._rows.of_line(line)
                moment = _updated_at(table, values)
                if moment is not None and (newest is None or moment > newest):
                    newest = moment
        except (ResultExpired, Unavailable, Unreadable):
            pass  # as far as it can be read: partial data may end within a line
        at = stamp(newest) if newest else None
        if at is None or at <= (begin or "") or (end is not None and at >= end):
            return windows
        return ((begin, at), (at, end), *windows[1:])


def _updated_at(table: str, values: Sequence[Any]) -> datetime | None:
    from training.shop.columns import TABLES  # noqa: PLC0415

    if TABLES[table].parent is not None:
        return None
    moment = values[TABLES[table].names.index("updated_at")]
    return moment if isinstance(moment, datetime) else None


def _rows_text(stream: Stream, window: tuple[str | None, str | None]) -> str:
    return document.load(stream.document).inlined({"changed": changed(window)})


def stamp(moment: datetime) -> str:
    """A time in UTC as Shopify's search takes it, in whole seconds, rounded down."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def changed(window: tuple[str | None, str | None]) -> str:
    """Shopify's search for what was changed in a span; open ends are None."""
    begin, end = window
    text = f"updated_at:>='{begin or BEGINNING}'"
    return text if end is None else f"{text} updated_at:<'{end}'"
