"""Fills the embedded online store: a whole new generation beside the one in use, then one rename.

Gateways that read the old one go on with it until they see the pointer; it stays for one more
run. Nothing half-written is ever pointed at, also after a power cut: data reaches the disk
before its name does.
"""

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lmdb
import msgspec

from bentos.contract.feature_view import FeatureView
from bentos.contract.online_store import (
    CURRENT_FILE,
    GENERATION_FILE,
    GENERATIONS_FOLDER,
    Generation,
    ViewContents,
    encode_generation,
    encode_record,
    key_prefix,
)
from bentos.whole_file import sync_folder

# Address space only: the file is as large as what is in it.
MAP_BYTES = 1 << 36
PUTS_A_TRANSACTION = 20_000

Entries = Iterable[tuple[str, dict[str, Any]]]
"""Pseudonym and fields of every entity of a view."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """For whom and when: ``moment`` (aware) is what the values hold for."""

    shop: str
    pseudonym_key: str
    moment: datetime

    @property
    def moment_us(self) -> int:
        """The moment in µs since 1970."""
        return round(self.moment.timestamp() * 1e6)


def new_name(now: datetime) -> str:
    """A generation's name: when it was made, and 8 random hex digits."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(4)}"


def describe(origin: Origin, name: str, views: dict[str, ViewContents]) -> Generation:
    """A generation's own record."""
    return Generation(
        name=name,
        shop=origin.shop,
        pseudonym_key=origin.pseudonym_key,
        as_of=origin.moment.isoformat(timespec="microseconds"),
        created_at=datetime.now(UTC).isoformat(timespec="microseconds"),
        views=views,
    )


def fill(folder: Path, origin: Origin, views: Iterable[tuple[FeatureView, Entries]]) -> Generation:
    """Write a generation and point at it; the one before stays, older ones go."""
    with only_writer(folder):
        generations = folder / GENERATIONS_FOLDER
        generations.mkdir(parents=True, exist_ok=True)
        name = new_name(datetime.now(UTC))
        partial = generations / f".{name}"
        partial.mkdir()
        try:
            generation = describe(origin, name, _write(partial, origin, views))
            write_synced(partial / GENERATION_FILE, encode_generation(generation))
            sync_folder(partial)
            partial.rename(generations / name)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        sync_folder(generations)
        previous = current_name(folder)
        point(folder, name)
        _prune(generations, keep={name, previous})
    return generation


def current_name(folder: Path) -> str | None:
    """The generation gateways read now."""
    try:
        return (folder / CURRENT_FILE).read_text("ascii").strip()
    except FileNotFoundError:
        return None


def _write(
    place: Path, origin: Origin, views: Iterable[tuple[FeatureView, Entries]]
) -> dict[str, ViewContents]:
    environment = lmdb.open(str(place), map_size=MAP_BYTES, lock=False, sync=False)
    try:
        contents = {
            view.tag: _write_view(environment, view, entries, origin.moment_us)
            for view, entries in views
        }
        environment.sync(True)
    finally:
        environment.close()
    return contents


def _write_view(
    environment: lmdb.Environment, view: FeatureView, entries: Entries, moment_us: int
) -> ViewContents:
    prefix = key_prefix(view)
    count, names = 0, set[str]()
    transaction = environment.begin(write=True)
    try:
        for pseudonym, values in entries:
            transaction.put(prefix + pseudonym.encode("ascii"), encode_record(moment_us, values))
            names.update(values)
            count += 1
            if count % PUTS_A_TRANSACTION == 0:
                transaction.commit()
                transaction = environment.begin(write=True)
        transaction.commit()
    except BaseException:
        transaction.abort()
        raise
    return ViewContents(
        entity=view.entity, fields=tuple(sorted(names)), records=count, digest=view.digest
    )


def point(folder: Path, name: str) -> None:
    """Readers see the old name or the new one, never half of either."""
    beside = folder / f".{CURRENT_FILE}.{secrets.token_hex(4)}"
    write_synced(beside, f"{name}\n".encode("ascii"))
    beside.replace(folder / CURRENT_FILE)
    sync_folder(folder)


def _prune(generations: Path, keep: set[str | None]) -> None:
    """Older generations and what a killed writer left; open files outlive their names."""
    for place in generations.iterdir():
        if place.name not in keep:
            shutil.rmtree(place, ignore_errors=True)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """One writer at a time; the lock goes with the process."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def write_synced(path: Path, content: bytes) -> None:
    """Write a file, flushed to the disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
