"""The processes the demo starts, and their end: on success, on error and on Ctrl-C."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.errors import BadInputError, DemoError
from demo.memory import recorded_pids

STOP_TIMEOUT_S = 25.0
LOG_TAIL_LINES = 12
# What every command of ours exits with when its input is wrong.
BAD_INPUT = 2


@dataclass
class Child:
    """One long-running process with its log."""

    name: str
    log: Path
    popen: subprocess.Popen[bytes]

    def check_alive(self) -> None:
        """Raise DemoError with the log's end if the process is gone."""
        code = self.popen.poll()
        if code is not None:
            raise DemoError(f"{self.name} ended with exit code {code}:\n{tail(self.log)}")


class Children:
    """Starts children under one environment and ends them in reverse order."""

    def __init__(self, home: Path, environment: Mapping[str, str]) -> None:
        self._home = home
        self._environment = {**os.environ, **environment}
        self._logs = home / "logs"
        self._logs.mkdir(parents=True, exist_ok=True)
        self._running: list[Child] = []

    def start(self, name: str, *arguments: str) -> Child:
        """Start ``python -m <arguments>`` in a session of its own, so that only we get Ctrl-C."""
        log = self._logs / f"{name}.log"
        with log.open("ab") as file:
            popen = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,
            )
        child = Child(name, log, popen)
        self._running.append(child)
        return child

    async def step(
        self, name: str, *arguments: str, on_line: Callable[[str], None] = lambda _: None
    ) -> str:
        """Run ``python -m <arguments>`` to its end; its stdout. DemoError if it fails.

        Every line of its stderr goes to its log and to ``on_line``. It is ended with us.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self._environment,
            start_new_session=True,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        log = self._logs / f"{name}.log"
        try:
            output, _ = await asyncio.gather(
                process.stdout.read(), _follow(process.stderr, log, on_line)
            )
            code = await process.wait()
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if code == BAD_INPUT:
            raise BadInputError(f"{name}: {log.read_text().splitlines()[-1]}")
        if code != 0:
            raise DemoError(f"{name} failed with exit code {code}:\n{tail(log)}")
        return output.decode()

    def check_alive(self) -> None:
        """Raise DemoError if one of them is gone."""
        for child in self._running:
            child.check_alive()

    def stop_all(self) -> None:
        """End all, last started first, and the workers of a fleet that did not end its own."""
        for child in reversed(self._running):
            end(child.popen)
        self._running.clear()
        for pid in recorded_pids(self._home / "fleet" / "workers"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)


def end(popen: subprocess.Popen[bytes]) -> None:
    """SIGTERM, and SIGKILL to the group of one that does not end in time."""
    if popen.poll() is None:
        popen.terminate()
        try:
            popen.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()


async def _follow(stream: asyncio.StreamReader, log: Path, on_line: Callable[[str], None]) -> None:
    with log.open("ab") as file:
        async for line in stream:
            file.write(line)
            on_line(line.decode(errors="replace").rstrip())


def tail(log: Path) -> str:
    """The last lines of a log, to stand in an error."""
    lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n".join((*lines, f"(whole log: {log})"))
