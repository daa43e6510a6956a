"""The version processes of an installation: started, killed, stopped and told to misbehave."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import psutil

from load_tests.installation.misbehaviour import SPOILT, Misbehaviour
from load_tests.installation.model import build_graph
from load_tests.installation.process import Process
from load_tests.installation.version_server import control_file


@dataclass(frozen=True)
class VersionWorker:
    """One worker of one version, on a Unix socket of its own."""

    socket: Path
    process: Process

    @property
    def address(self) -> str:
        """As the endpoints document names it."""
        return f"unix:{self.socket}"

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.socket.unlink(missing_ok=True)
        self.process.start()
        self.process.wait_until(self.socket.exists, "its socket")

    def kill(self) -> None:
        """End it at once, with whatever is in flight."""
        self.process.kill()

    def freeze(self) -> None:
        """Stop the whole process: its socket still takes connections, nothing answers."""
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        os.kill(self.process.pid, signal.SIGCONT)

    def callers(self) -> int:
        """How many connections it holds."""
        held = psutil.Process(self.process.pid).net_connections("unix")
        # The listening socket has the same path as those it accepted.
        return sum(str(one.laddr) == str(self.socket) for one in held) - 1

    def spoilt(self) -> int:
        """How many calls it spoilt so far."""
        return self.process.log.read_text(errors="replace").count(SPOILT)

    def misbehave(self, how: Misbehaviour) -> None:
        """From the next call on."""
        control = control_file(self.socket)
        fresh = control.with_suffix(".new")
        fresh.write_text(how.value)
        fresh.replace(control)


class Versions:
    """Workers by name. ``offset`` is what a version adds to the sum, so answers name it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._workers: dict[str, VersionWorker] = {}

    def __getitem__(self, name: str) -> VersionWorker:
        return self._workers[name]

    def add(self, name: str, offset: float) -> VersionWorker:
        """Start one more worker."""
        graph = self._folder / f"{name}.onnx"
        build_graph(graph, offset)
        socket = self._folder / f"{name}.sock"
        arguments = ["load_tests.installation.version_server", "--graph", str(graph)]
        process = Process(
            name, [*arguments, "--uds", str(socket)], self._folder / f"{name}.log", {}
        )
        worker = VersionWorker(socket, process)
        self._workers[name] = worker
        worker.start()
        return worker

    def stop(self) -> None:
        """Kill all of them."""
        for worker in self._workers.values():
            worker.kill()
