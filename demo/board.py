"""Everything there is to see, in one place: stages write, the screen reads."""

import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from demo.answers import Tally


@dataclass
class Stage:
    """One long step. ``done`` of ``total`` where that is known."""

    name: str
    started: float
    detail: str = ""
    seconds: float | None = None
    done: float = 0.0
    total: float | None = None
    failed: bool = False


@dataclass
class Board:
    """``lines``: also print progress to stderr (no live screen)."""

    lines: bool
    stages: list[Stage] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    timeline: deque[tuple[float, str]] = field(default_factory=lambda: deque(maxlen=14))
    addresses: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    shadow: str = "no shadow yet"
    revision: str = "-"
    current_step: str = ""
    memory_bytes: int = 0
    began: float = field(default_factory=time.monotonic)

    @contextmanager
    def stage(self, name: str, total: float | None = None) -> Iterator[Stage]:
        """Show a step while it runs and keep its seconds."""
        stage = Stage(name, time.monotonic(), total=total)
        self.stages.append(stage)
        self.say(f"{name} …")
        try:
            yield stage
        except BaseException:
            stage.failed = True
            raise
        finally:
            stage.seconds = time.monotonic() - stage.started
            self.say(f"{name}: {stage.seconds:.1f} s {stage.detail}".rstrip())

    def note(self, text: str) -> None:
        """Something happened to a release."""
        self.timeline.append((self.elapsed(), text))
        self.say(text)

    def say(self, text: str) -> None:
        """A progress line, where there is no screen."""
        if self.lines:
            sys.stderr.write(f"[{self.elapsed():6.1f} s] {text}\n")
            sys.stderr.flush()

    def elapsed(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self.began
