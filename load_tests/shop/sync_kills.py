"""``kill -9`` at random points of a sync, each of which goes on where the one before was.

Two thirds of the points are drawn over all that is read. Reading takes a hundred times as long
as merging, so these would hardly ever hit the merge and the swap of the tables: the last third
waits for it. A sync that came to its end all the same is put back to where it was killed
before, as the files of a dead process are its whole state: else it would be read anew.
"""

import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from rich.console import Console

from load_tests.audit_part import bar
from training.shop.tables import CURRENT

SEED = 20261126
START_S = 1.5
"Until a sync is under way."
READ_SHARE = 0.9
"Of an undisturbed sync's time is surely spent reading."
MERGE_SHARE = 0.02
"Of it a merge takes at most."
SOONER = 0.7
LOOK_S = 0.01
READING = 2 / 3
"Of the kills."

Begin = Callable[[], "subprocess.Popen[bytes]"]


class Kills:
    """Counts what was hit. ``ended``: syncs that came to their end although they were killed."""

    def __init__(self, lake: Path, kept: Path, seconds: float) -> None:
        """``seconds`` is what an undisturbed sync takes; ``lake`` the folder of the tables.

        ``kept`` is where a copy of it goes, as a kill left it.
        """
        self.reading = self.merging = self.ended = 0
        self._lake = lake
        self._kept = kept
        self._seconds = seconds
        self._chance = random.Random(SEED)

    @property
    def hit(self) -> int:
        """How often a sync was killed."""
        return self.reading + self.merging

    def all(self, begin: Begin, wanted: int, console: Console) -> None:
        """Begin, kill, begin again, until ``wanted`` were killed."""
        with bar("killed and resumed", wanted, console) as done:
            for pause in self._pauses(round(READING * wanted)):
                while not self._hit(begin(), pause):
                    self._put_back()
                    pause *= SOONER  # noqa: PLW2901 - it was faster than thought
                self._keep()
                done(self.hit)
            kept = False
            while self.hit < wanted:
                if not self._hit(begin(), None):
                    self._put_back()
                elif not kept:
                    # All is read: from here on only merges are repeated.
                    self._keep()
                    kept = True
                done(self.hit)

    def _pauses(self, wanted: int) -> Iterator[float]:
        """Seconds from one kill to the next, so that the points lie anywhere in the reading."""
        before = 0.0
        for point in sorted(self._chance.random() for _ in range(wanted)):
            yield START_S + (point - before) * READ_SHARE * self._seconds
            before = point

    def _hit(self, process: "subprocess.Popen[bytes]", pause: float | None) -> bool:
        """Kill after a pause, or (None) some time into the merge; False if it ended before.

        Raises RuntimeError when it failed.
        """
        if pause is None:
            self._until_it_merges(process)
            pause = self._chance.uniform(0, MERGE_SHARE * self._seconds)
        merging = self._killed_after(process, pause)
        code = process.wait()
        if process.stdout:
            process.stdout.close()
        if code not in (0, -signal.SIGKILL):
            raise RuntimeError(f"a sync ended with {code} between kills")
        killed = code != 0
        self.ended += not killed
        self.merging += killed and merging
        self.reading += killed and not merging
        return killed

    def _killed_after(self, process: "subprocess.Popen[bytes]", seconds: float) -> bool:
        """Whether it was merging then."""
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            merging = self._merges()
            process.send_signal(signal.SIGKILL)
            return merging
        return False

    def _until_it_merges(self, process: "subprocess.Popen[bytes]") -> None:
        while not self._merges() and process.poll() is None:
            time.sleep(LOOK_S)

    def _keep(self) -> None:
        shutil.rmtree(self._kept, ignore_errors=True)
        shutil.copytree(self._lake, self._kept)

    def _put_back(self) -> None:
        if self._kept.exists():
            shutil.rmtree(self._lake)
            shutil.copytree(self._kept, self._lake)

    def _merges(self) -> bool:
        """A table of the next generation is there, and does not count yet."""
        current = self._lake / CURRENT
        counts = msgspec.json.decode(current.read_bytes())["generation"] if current.exists() else 0
        return any(self._lake.glob(f"*/{counts + 1:06d}.parquet*"))
