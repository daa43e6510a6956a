"""One bucket for all processes of a home: a small file per shop and app, under a lock.

What it holds is an estimate that Shopify's next answer corrects; a file that is lost or torn
is begun anew, from the most careful one.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from bentos.contract.shopify import normal_shop
from bentos.shopify_admin import bucket as planning
from bentos.shopify_admin.bucket import Bucket, Reading
from bentos.shopify_admin.clock import Clock

FOLDER = Path("run") / "shopify"
MAX_FILE_BYTES = 1024 * 1024


class Impatient(Exception):
    """The points would come later than the caller is willing to wait."""


class SharedBucket:
    """Points of one app on one shop. Threads and processes of one machine may share it."""

    def __init__(self, home: Path, shop: str, app: str = "", *, clock: Clock) -> None:
        """``app`` is the client id: each app has a bucket of its own on a shop."""
        folder = home / FOLDER
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = hashlib.sha256(app.encode()).hexdigest()[:8]
        self._path = folder / f"{normal_shop(shop)}.{name}.bucket"
        self._clock = clock

    def take(self, cost: float, *, flight_s: float, until: float | None = None) -> int:
        """Wait until ``cost`` points are there and take them; returns the turn to settle.

        ``until`` is a moment of the clock's ``monotonic``; raises Impatient if it would pass.
        ``flight_s`` is how long the request can be away at most, in real seconds.
        """
        number: int | None = None
        try:
            while True:
                number, wait = self._ask(number, cost, flight_s)
                if wait is None:
                    return number
                if until is not None and self._clock.monotonic() + wait > until:
                    raise Impatient(f"{cost:g} points are {wait:.1f} s away")
                self._clock.sleep(wait)
        except BaseException:
            if number is not None:
                self.give_up(number)
            raise

    def settle(self, turn: int, reading: Reading | None) -> None:
        """Note what Shopify said of the bucket; without it the points count as used."""
        self._change(lambda held, now: planning.settle(held, turn, reading, now))

    def give_up(self, turn: int) -> None:
        """The request did not leave: its points are given back."""
        self._change(lambda held, _: planning.give_up(held, turn))

    def close(self, seconds: float) -> None:
        """Nobody of this home asks the shop for so long."""
        self._change(lambda held, now: planning.close(held, seconds, now))

    def look(self) -> Bucket:
        """The estimate as it was last noted."""
        with self._locked() as file:
            return self._read(file)

    def _ask(self, number: int | None, cost: float, flight_s: float) -> tuple[int, float | None]:
        with self._locked() as file:
            held = self._read(file)
            now, real = self._clock.monotonic(), time.monotonic()
            changed, turn = planning.ask(held, number, cost, now, real, flight_s)
            self._write(file, changed)
            return turn

    def _change(self, change: Callable[[Bucket, float], Bucket]) -> None:
        with self._locked() as file:
            self._write(file, change(self._read(file), self._clock.monotonic()))

    @contextmanager
    def _locked(self) -> Iterator[int]:
        # Opened anew each time: a lock is of the open file, so that it also parts threads.
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)

    def _read(self, file: int) -> Bucket:
        # Up to the line's end: a writer that was killed may have left an older one's tail.
        line = os.pread(file, MAX_FILE_BYTES, 0).partition(b"\n")[0]
        try:
            return msgspec.json.decode(line, type=Bucket)
        except msgspec.MsgspecError:
            return Bucket(at=self._clock.monotonic())

    def _write(self, file: int, held: Bucket) -> None:
        line = msgspec.json.encode(held) + b"\n"
        os.pwrite(file, line, 0)
        os.ftruncate(file, len(line))
