"""What is going on, on stderr: a spinner for each step with the seconds it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_seconds: dict[str, float] = {}
_quiet = False


def set_quiet(quiet: bool) -> None:
    """Show nothing; seconds are still kept."""
    global _quiet  # noqa: PLW0603 - one terminal, one switch
    _quiet = quiet


def seconds() -> dict[str, float]:
    """Seconds per step since the process started."""
    return {name: round(value, 2) for name, value in _seconds.items()}


@contextmanager
def step(name: str) -> Iterator[None]:
    """Show a step while it runs and remember how long it took."""
    began = time.perf_counter()
    try:
        if _quiet:
            yield
        else:
            with _shown(name):
                yield
    finally:
        took = time.perf_counter() - began
        _seconds[name] = _seconds.get(name, 0.0) + took
    if not _quiet:
        sys.stderr.write(f"  {name:<44}{took:7.1f} s\n")


@contextmanager
def _shown(name: str) -> Iterator[None]:
    from rich.console import Console  # noqa: PLC0415 - a cached run shows nothing
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with Progress(*columns, console=console, transient=True) as bar:
        bar.add_task(name, total=None)
        yield
