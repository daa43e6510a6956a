"""``kill -9`` at random moments of a sync, each of which goes on where the one before was.

Reading takes a hundred times as long as merging, so moments drawn over the whole would hardly
ever hit the merge and the swap of the tables: the last third of the kills waits for it.
"""

import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.console import Console

from load_tests.audit_part import bar
from training.shop.tables import CURRENT

SEED = 20261126
SHARE = 0.25
"Of an undisturbed sync's time: until then a reading one is killed, so that each goes some way."
MERGE_S = 1.5
LOOK_S = 0.01
READING = 2 / 3
"Of the kills."


class Kills:
    """Counts what was hit. ``ended``: syncs that came to their end although they were killed."""

    def __init__(self, lake: Path, seconds: float) -> None:
        """``seconds`` is what an undisturbed sync takes; ``lake`` the folder of the tables."""
        self.reading = self.merging = self.ended = 0
        self._lake = lake
        self._seconds = seconds
        self._chance = random.Random(SEED)

    @property
    def hit(self) -> int:
        """How often a sync was killed."""
        return self.reading + self.merging

    def all(
        self, begin: Callable[[], subprocess.Popen[bytes]], wanted: int, console: Console
    ) -> None:
        """Begin, kill, begin again, until ``wanted`` were killed."""
        with bar("killed and resumed", wanted, console) as done:
            while self.hit < wanted:
                process = begin()
                if self.hit >= READING * wanted:
                    self._in_the_merge(process)
                else:
                    self._at_some_moment(process)
                code = process.wait()
                if process.stdout:
                    process.stdout.close()
                if code not in (0, -signal.SIGKILL):
                    raise RuntimeError(f"a sync ended with {code} between kills")
                done(self.hit)

    def _at_some_moment(self, process: subprocess.Popen[bytes]) -> None:
        try:
            process.wait(self._chance.uniform(0.5, max(2.0, SHARE * self._seconds)))
            self.ended += 1
        except subprocess.TimeoutExpired:
            merging = self._merges()
            process.send_signal(signal.SIGKILL)
            self.merging += merging
            self.reading += not merging

    def _in_the_merge(self, process: subprocess.Popen[bytes]) -> None:
        while not self._merges():
            if process.poll() is not None:
                self.ended += 1
                return
            time.sleep(LOOK_S)
        try:
            process.wait(self._chance.uniform(0, MERGE_S))
            self.ended += 1
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            self.merging += 1

    def _merges(self) -> bool:
        """A table of the next generation is there, and does not count yet."""
        current = self._lake / CURRENT
        counts = msgspec.json.decode(current.read_bytes())["generation"] if current.exists() else 0
        return any(self._lake.glob(f"*/{counts + 1:06d}.parquet*"))
