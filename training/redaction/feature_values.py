"""A person out of the offline feature store: their row of each partition about customers.

Partitions about products hold sums over their buyers, and stay. A partition is named by its
moment, so it keeps its place and gets another digest.
"""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from bentos.contract import canonical
from bentos.contract.errors import ContractError
from training import atomic
from training.features.offline import PARTITION_FILE, VALUES_FILE, Partition
from training.fingerprint import file_digest
from training.redaction.rows import Rows
from training.redaction.work import Work


def places(root: Path) -> Iterator[Path]:
    """Folders of all partitions, of views that are gone from the code as well."""
    for path in sorted(root.glob(f"*/*/*/{VALUES_FILE}")):
        yield path.parent


def count(root: Path, rows: Rows, work: Work) -> None:
    """Note what is there."""
    found = 0
    for place in places(root):
        with work.going_through(place, home_of(root)):
            path = place / VALUES_FILE
            found += rows.count(path, rows.test(path))
    work.found("lake/features", found)


def erase(root: Path, rows: Rows, work: Work, note: Callable[[], None]) -> None:
    """Take the rows out. What a partition becomes is noted (``note`` keeps ``work``) before it
    does: a kill between its values and their record is mended when it is gone on with.
    """
    for place in places(root):
        with work.going_through(place, home_of(root)):
            _take_out(place, rows, work, note)


def _take_out(place: Path, rows: Rows, work: Work, note: Callable[[], None]) -> None:
    path, before = place / VALUES_FILE, partition_of(place)
    test = rows.test(path)
    found = rows.count(path, test)
    half_done = before is not None and before.digest in work.features
    if test is None or not (found or half_done):
        return
    partial = path.with_name(f".{VALUES_FILE}.{secrets.token_hex(4)}")
    rows.keep(path, test, partial)
    if before is None:
        partial.replace(path)
        return
    after = _described(before, partial, rows.total(partial))
    work.features[before.digest] = after.digest
    note()
    partial.replace(path)
    content = msgspec.json.format(msgspec.json.encode(after), indent=2)
    atomic.write_bytes(place / PARTITION_FILE, content)


def home_of(root: Path) -> Path:
    """Of an offline feature store, ``lake/features`` of it."""
    return root.parent.parent


def partition_of(place: Path) -> Partition | None:
    """What is said of a partition; None where nothing is. Raises ContractError."""
    path = place / PARTITION_FILE
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Partition)
    except msgspec.MsgspecError as error:
        raise ContractError(str(path), "a partition's record", str(error)) from error


def _described(before: Partition, path: Path, rows: int) -> Partition:
    parts = before.parts | {VALUES_FILE: file_digest(path)}
    digest = canonical.digest(parts)
    return msgspec.structs.replace(before, parts=parts, rows=rows, digest=digest)
