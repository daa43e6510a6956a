"""A person out of the online feature store, embedded or in Redis.

A generation is never changed, and LMDB keeps what was deleted in its free pages: what is left of
the current one is copied into a new environment, the pointer goes over to it, and every generation
that held the person is unlinked. Gateways follow the pointer within a second. In Redis the keys
are deleted; its own files forget them when Redis writes them next.
"""

import shutil
from collections.abc import Collection
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import lmdb
import msgspec

from bentos.contract.online_store import (
    CURRENT_FILE,
    GENERATION_FILE,
    GENERATIONS_FOLDER,
    Generation,
    decode_generation,
    encode_generation,
    redis_address,
    redis_prefix,
)
from bentos.whole_file import sync_folder
from training import online_store, redis_store
from training.errors import StoreError
from training.redaction.work import Work
from training.settings import Settings

if TYPE_CHECKING:
    from redis import Redis

SEPARATOR = b"\x1f"
DATA_FILE = "data.mdb"
REDIS = "online store in Redis"


def count(settings: Settings, subjects: Collection[str], work: Work) -> int:
    """Records of these pseudonyms; of everybody without any. Generations that cannot be read, and
    a Redis that does not answer, are noted in ``work``."""
    found = 0
    for place in _places(settings.features):
        with work.going_through(place, settings.home):
            found += _held(place, subjects)
    if settings.online_store_url:
        with work.asking(REDIS), redis_store.opened(*_address(settings)) as client:
            found += sum(1 for _ in _keys(client, settings.shop, subjects))
    return found


def erase(settings: Settings, subjects: Collection[str], work: Work) -> None:
    """Remove them; without any, everybody."""
    if settings.features.is_dir():
        with online_store.only_writer(settings.features):
            _embedded(settings.features, subjects, work)
    if settings.online_store_url:
        with work.asking(REDIS), redis_store.opened(*_address(settings)) as client:
            for key in _keys(client, settings.shop, subjects):
                client.delete(key)


def _address(settings: Settings) -> tuple[str, str | None]:
    return redis_address(settings.online_store_url, settings.online_store_password_file)


def _places(folder: Path) -> list[Path]:
    """Generations, and what a killed writer left."""
    return sorted(p for p in (folder / GENERATIONS_FOLDER).glob("*") if p.is_dir())


def _held(place: Path, subjects: Collection[str]) -> int:
    if not (place / DATA_FILE).is_file():
        return 0
    wanted = {subject.encode("ascii") for subject in subjects}
    with closing(_opened(place)) as environment, environment.begin() as transaction:
        if not wanted:
            return int(transaction.stat()["entries"])
        keys = transaction.cursor().iternext(keys=True, values=False)
        return sum(1 for key in keys if _entity(key) in wanted)


def _opened(place: Path) -> lmdb.Environment:
    """Raises StoreError for a file that was cut off: LMDB maps it, and whoever reads a page that
    is not there is killed by the kernel (SIGBUS)."""
    environment = lmdb.open(str(place), readonly=True, lock=False, create=False)
    size = (place / DATA_FILE).stat().st_size
    needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    if size < needed:
        environment.close()
        raise StoreError(f"{DATA_FILE} was cut off: {size} bytes instead of {needed}")
    return environment


def _entity(key: bytes) -> bytes:
    return key.rpartition(SEPARATOR)[2]


def _embedded(folder: Path, subjects: Collection[str], work: Work) -> None:
    current = online_store.current_name(folder)
    for place in _places(folder):
        with work.going_through(place, folder.parent):
            if place.name.startswith("."):
                shutil.rmtree(place)
            elif not subjects or _held(place, subjects):
                if place.name == current:
                    _point_elsewhere(folder, place, subjects)
                shutil.rmtree(place)
    for path in folder.glob(f".{CURRENT_FILE}.*"):
        path.unlink()


def _point_elsewhere(folder: Path, place: Path, subjects: Collection[str]) -> None:
    """At what is left of a generation; at nothing where everybody goes."""
    if subjects:
        online_store.point(folder, _without(place, subjects).name)
    else:
        (folder / CURRENT_FILE).unlink()


def _without(place: Path, subjects: Collection[str]) -> Path:
    """A generation with all other records, under a name of its own."""
    name = online_store.new_name(datetime.now(UTC))
    partial, made = place.with_name(f".{name}"), place.with_name(name)
    wanted = {subject.encode("ascii") for subject in subjects}
    gone: dict[bytes, int] = {}
    partial.mkdir()
    try:
        with closing(_opened(place)) as source, closing(_new(partial)) as target:
            with source.begin() as transaction, target.begin(write=True) as writing:
                for key, value in transaction.cursor():
                    if _entity(key) in wanted:
                        tag = key.partition(SEPARATOR)[0]
                        gone[tag] = gone.get(tag, 0) + 1
                    else:
                        writing.put(key, value, append=True)
            target.sync(True)
        described = _described(place, name, gone)
        online_store.write_synced(partial / GENERATION_FILE, encode_generation(described))
        sync_folder(partial)
        partial.rename(made)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    sync_folder(made.parent)
    return made


def _new(place: Path) -> lmdb.Environment:
    return lmdb.open(str(place), map_size=online_store.MAP_BYTES, lock=False, sync=False)


def _described(place: Path, name: str, gone: dict[bytes, int]) -> Generation:
    """The generation's own record: as it was, under its new name, with so many fewer records."""
    before = decode_generation((place / GENERATION_FILE).read_bytes(), place.name)
    views = {
        tag: msgspec.structs.replace(held, records=held.records - gone.get(tag.encode(), 0))
        for tag, held in before.views.items()
    }
    return msgspec.structs.replace(before, name=name, views=views)


def _keys(client: "Redis", shop: str, subjects: Collection[str]) -> list[bytes]:
    prefix = redis_prefix(shop)
    wanted = {subject.encode("ascii") for subject in subjects}
    match = f"{redis_store.literal(prefix)}*"
    found = client.scan_iter(match=match, count=redis_store.KEYS_A_CALL)
    return [key for key in found if not wanted or _entity(key) in wanted]
