"""Processes under measurement: started on one core with all their children, stopped by pid."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from load_tests.processes import thaw, tree

START_SECONDS = 90.0
STOP_SECONDS = 30.0
POLL_SECONDS = 0.1


class ServerDidNotStartError(RuntimeError):
    """A server ended or stayed silent; the message holds the end of its log."""


@contextmanager
def server(
    command: Sequence[str],
    core: int | None,
    log: Path,
    environment: Mapping[str, str],
    folder: Path | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run ``command``, pinned to ``core`` if one is given (children inherit that); stop it at
    the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            start_new_session=True,
            # No threads yet when this runs.
            preexec_fn=None if core is None else lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509
        )
        try:
            yield process
        finally:
            _stop(process)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """End the process and all it started: asked first, whoever stays is killed.

    Only descendants are touched, those of a process that ended by itself too.
    """
    started = tree([process.pid])
    thaw([process.pid])
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    _, left = psutil.wait_procs(started, timeout=1)
    for descendant in left:
        with suppress(psutil.NoSuchProcess):
            descendant.kill()


def wait_for_http(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return once ``url`` answers 200; raises ServerDidNotStartError."""

    def answers() -> bool:
        try:
            with urlopen(url, timeout=5) as answer:  # noqa: S310 - our own http address
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    _wait(answers, process, log)


def wait_for_path(path: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return once ``path`` exists; raises ServerDidNotStartError."""
    _wait(path.exists, process, log)


def _wait(ready: Callable[[], bool], process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            end = log.read_text(errors="replace")[-2000:]
            raise ServerDidNotStartError(f"{process.args!r} did not start:\n{end}")
        time.sleep(POLL_SECONDS)
