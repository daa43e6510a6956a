"""Nights of growing size and the same in pandas: what they took, and the claims over it."""

import json
import os
import shutil
import sys
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import psutil
from rich.console import Console

from load_tests.audit_part import Part
from load_tests.floors import Claim
from load_tests.nightly import scaled_orders
from load_tests.nightly.measured_run import Ran, run
from load_tests.nightly.our_night import Night, night
from load_tests.nightly.plain_night import STEPS
from load_tests.nightly.same_results import differing
from load_tests.nightly.scaled_orders import RealSet

MEMORY_MB = 2000.0
FASTER = 3.0
# Of the rows, where a half rounds up on one side and down on the other.
ROUNDED = 0.001
# What pandas was seen to hold at most, a million lines.
PLAIN_GB_A_MILLION = 1.5
# The plain side reads Online Retail alone.
PLAIN_MAPPING = "online_retail"


@dataclass(frozen=True)
class Plain:
    """The plain side of one size: seconds by step."""

    ran: Ran
    steps: dict[str, float]


@dataclass
class Bench:
    """Everything measured so far, by the number of lines."""

    real: RealSet
    folder: Path
    console: Console
    nights: dict[int, Night] = field(default_factory=dict)
    plains: dict[int, Plain] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def compare(self, lines: int) -> float | None:
        """The share of rows that differ between the sides."""
        if self.real.mapping != PLAIN_MAPPING:
            self.notes.append(f"scaled from {self.real.title}: pandas is not measured")
            return None
        orders, home = self._orders(lines), self.folder / "compared"
        night(home, orders, self.real, {})
        plain = self._plain(orders, home)
        rows = differing(home, self.folder / "plain")
        self._forget(orders, home)
        for name, count in rows.items():
            if count:
                self.notes.append(f"{name}: {count} rows differ in rounding")
        return sum(rows.values()) / (lines * len(plain.steps))

    def measure(self, lines: int, *, plain: bool) -> None:
        """A night of ours, then pandas on the same file, with the same key."""
        orders, home = self._orders(lines), self.folder / f"home-{lines}"
        load = os.getloadavg()[0]
        made = self.nights[lines] = night(home, orders, self.real, {})
        self._say(f"{lines:,} lines: {made.ran.seconds:.0f} s, {made.ran.peak_mb:.0f} MB", load)
        if plain and self.real.mapping == PLAIN_MAPPING and self._room(lines):
            load = os.getloadavg()[0]
            other = self.plains[lines] = self._plain(orders, home)
            self._say(f"  pandas: {other.ran.seconds:.0f} s, {other.ran.peak_mb:.0f} MB", load)
        self._forget(orders, home)

    def part(self, wrong: float | None) -> Part:
        """Claims and figures."""
        figures: dict[str, float | int | str] = {"scaled from": self.real.title}
        for lines, made in self.nights.items():
            figures |= _figures(lines, made, self.plains.get(lines))
        return Part(claims=self._claims(wrong), figures=figures, notes=self.notes)

    def _claims(self, wrong: float | None) -> list[Claim]:
        peak = max(each.ran.peak_mb for each in self.nights.values())
        largest = max(self.plains, default=None)
        faster = None if largest is None else faster_of(self.nights[largest], self.plains[largest])
        where = "" if largest is None else f", {largest / 1e6:g} M lines"
        seconds = {lines: made.ran.seconds for lines, made in sorted(self.nights.items())}
        return [
            Claim("same", "share of rows that differ from pandas'", ROUNDED, 0, wrong, False),
            Claim("memory", "MB at the peak of a night", MEMORY_MB, 1500, peak, False),
            Claim("faster", f"times as fast as plain pandas{where}", FASTER, 5, faster),
            Claim("growth", "time against lines, worst step", 1.0, 0.8, growth(seconds), False),
        ]

    def _orders(self, lines: int) -> Path:
        path = self.folder / f"orders-{lines}.parquet"
        written = scaled_orders.write(path, lines, self.real)
        self.console.print(f"{written:,} lines scaled from {self.real.title}", highlight=False)
        return path

    def _plain(self, orders: Path, home: Path) -> Plain:
        place, log = self.folder / "plain", self.folder / "plain.log"
        shutil.rmtree(place, ignore_errors=True)
        now = datetime.fromisoformat(self.real.now).isoformat()
        key = home / "keys" / "pseudonym.key"
        command = [sys.executable, "-m", "load_tests.nightly.plain_night"]
        ran = run([*command, str(orders), str(key), str(place), now], {}, log)
        if ran.code != 0:
            raise RuntimeError(f"pandas ended with {ran.code}: {log.read_text()[-2000:]}")
        return Plain(ran, json.loads(ran.output.splitlines()[-1])["seconds"])

    def _room(self, lines: int) -> bool:
        """Whether pandas would find the memory it takes."""
        needed = PLAIN_GB_A_MILLION * lines / 1e6
        free = psutil.virtual_memory().available / 1e9
        if free < needed:
            self.notes.append(
                f"pandas was not run on {lines:,} lines: it takes about {needed:.0f} GB, "
                f"{free:.0f} were free"
            )
        return free >= needed

    def _say(self, what: str, load: float) -> None:
        self.console.print(f"{what} (load before {load:.1f})", highlight=False)

    def _forget(self, orders: Path, home: Path) -> None:
        orders.unlink()
        shutil.rmtree(home)


def faster_of(ours: Night, plain: Plain) -> float:
    """Seconds of the steps both sides do, theirs over ours."""
    return sum(plain.steps.values()) / sum(ours.steps[name] for name in STEPS)


def growth(seconds: dict[int, float]) -> float | None:
    """How much faster time grows than lines, from a size to the next, at its worst."""
    found = [(seconds[more] / seconds[fewer]) / (more / fewer) for fewer, more in pairwise(seconds)]
    return max(found, default=None)


def _figures(lines: int, made: Night, plain: Plain | None) -> dict[str, float | int | str]:
    size = f"{lines / 1e6:g} M"
    figures: dict[str, float | int | str] = {
        f"{size}: seconds": round(made.ran.seconds, 1),
        f"{size}: CPU seconds": round(made.ran.cpu_seconds, 1),
        f"{size}: peak MB": round(made.ran.peak_mb),
    }
    for step, seconds in made.steps.items():
        beside = "" if plain is None or step not in STEPS else f", pandas {plain.steps[step]:.1f} s"
        figures[f"{size}: {step}"] = f"{seconds:.1f} s{beside}"
    if plain is not None:
        ours = sum(made.steps[name] for name in STEPS)
        figures |= {
            f"{size}: steps both sides do": f"{ours:.1f} s",
            f"{size}: the same in pandas": f"{sum(plain.steps.values()):.1f} s",
            f"{size}: pandas, peak MB": round(plain.ran.peak_mb),
            f"{size}: pandas, CPU seconds": round(plain.ran.cpu_seconds, 1),
            f"{size}: times as fast": round(faster_of(made, plain), 2),
        }
    return figures
