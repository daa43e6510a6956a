"""The embedded online store: one LMDB environment per generation, mapped and only read.

A point read takes about a microsecond and never waits, so it stands on the request path as a
plain call. A generation is immutable, so no lock file is needed and the folder may be read-only.
"""

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path

import lmdb
import structlog

from bentos.contract.errors import ContractError
from bentos.contract.online_store import (
    CURRENT_FILE,
    GENERATION_FILE,
    GENERATIONS_FOLDER,
    Generation,
    check_generation_name,
    check_origin,
    decode_generation,
)
from gateway.online_store import StoreUnavailable

log = structlog.get_logger(__name__)

DATA_FILE = "data.mdb"


class LmdbStore:
    """The generation that ``current`` names; a newer one replaces it between two requests."""

    def __init__(self, folder: Path, *, shop: str, pseudonym_key: str) -> None:
        self.generation: Generation | None = None
        self._folder = folder
        self._shop = shop
        self._pseudonym_key = pseudonym_key
        self._environment: lmdb.Environment | None = None
        self._seen: tuple[int, int, int] | None = None
        self._complaint = ""
        # Before the first request: a gateway that starts again serves from its disk at once.
        self._swap(self._look())

    async def get_many(
        self,
        keys: Sequence[bytes],
        timeout_s: float,  # noqa: ARG002 - it cannot wait, so there is nothing to time out
    ) -> Sequence[bytes | None]:
        """One read transaction for all keys."""
        if self._environment is None:
            raise StoreUnavailable("no generation was ever found")
        try:
            with self._environment.begin() as transaction:
                return [transaction.get(key) for key in keys]
        except lmdb.Error as error:
            raise StoreUnavailable(str(error)) from error

    async def refresh(self) -> None:
        """Open a newer generation beside the loop (it reads the disk), swap it in on it."""
        self._swap(await asyncio.to_thread(self._look))

    async def close(self) -> None:
        """Unmap the generation."""
        if self._environment is not None:
            self._environment.close()
            self._environment = None

    def _look(self) -> "tuple[Generation, lmdb.Environment] | None":
        """A generation other than the one in use, opened; None where there is none, or none
        that may be read."""
        pointer = self._folder / CURRENT_FILE
        if not pointer.exists():
            return None  # nothing was ever filled: most models read no views
        try:
            status = pointer.stat()
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
            if seen == self._seen:
                return None
            name = pointer.read_text("ascii").strip()
            check_generation_name(name, str(pointer))
            found = None
            if self.generation is None or self.generation.name != name:
                found = self._open(self._folder / GENERATIONS_FOLDER / name)
        except FileNotFoundError as error:
            self._complain(f"{error.filename}: expected a file, got none")
            return None
        except (OSError, UnicodeDecodeError, lmdb.Error, ContractError) as error:
            self._complain(str(error))
            return None
        self._seen = seen
        return found

    def _open(self, place: Path) -> tuple[Generation, lmdb.Environment]:
        generation = decode_generation(
            (place / GENERATION_FILE).read_bytes(), str(place / GENERATION_FILE)
        )
        check_origin(generation, self._shop, self._pseudonym_key)
        environment = lmdb.open(
            str(place), readonly=True, lock=False, create=False, readahead=False, max_spare_txns=1
        )
        expected = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
        size = os.stat(place / DATA_FILE).st_size  # noqa: PTH116 - one call, beside the others
        if size < expected:
            environment.close()
            # Reading past the end of a mapped file would kill the process.
            raise ContractError(str(place / DATA_FILE), f"{expected} bytes", size)
        return generation, environment

    def _swap(self, found: "tuple[Generation, lmdb.Environment] | None") -> None:
        """Reads are plain calls on this thread, so none is under way now."""
        if found is None:
            return
        before = self._environment
        self.generation, self._environment = found
        self._complaint = ""
        if before is not None:
            before.close()
        log.info("feature_generation", generation=self.generation.name, as_of=self.generation.as_of)

    def _complain(self, problem: str) -> None:
        """Once per problem, not twice a second."""
        if problem != self._complaint:
            self._complaint = problem
            log.warning("feature_generation_refused", problem=problem)
