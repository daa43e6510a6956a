"""The gateway of an installation: its parent process, its workers, its sockets."""

import json
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import psutil

from load_tests.free_ports import free_port
from load_tests.installation.process import Process

HOST = "127.0.0.1"
WORKERS = 2
_SERVES = "worker_serves"


class GatewayProcess:
    """``python -m gateway`` with two workers on one socket, over ``home``."""

    def __init__(self, home: Path, shop: str, environment: Mapping[str, str]) -> None:
        self.home = home
        self.port = free_port()
        self.process = Process(
            "gateway",
            ["gateway"],
            home / "gateway.log",
            {
                "SIGNALBOX_HOME": str(home),
                "SIGNALBOX_SHOP": shop,
                "SIGNALBOX_GATEWAY_HOST": HOST,
                "SIGNALBOX_GATEWAY_PORT": str(self.port),
                "SIGNALBOX_GATEWAY_WORKERS": str(WORKERS),
                **environment,
            },
        )

    def start(self) -> None:
        """Start it and wait until every worker runs and one answers ready."""
        self.process.start()
        self.process.wait_until(self.is_ready, "readiness")
        self.process.wait_until(self.is_whole, "all of its workers")

    def stop(self) -> None:
        """Let it drain and end."""
        self.process.stop()

    def is_ready(self) -> bool:
        """Whether whichever worker takes the call is ready."""
        try:
            url = f"http://{HOST}:{self.port}/v2/health/ready"
            with urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, ConnectionError, TimeoutError):
            return False

    def is_whole(self) -> bool:
        """Whether all of its workers serve."""
        return len(self.workers()) == WORKERS

    def workers(self) -> list[int]:
        """Pids of the workers that serve, by what their parent logged of them."""
        log = self.process.log.read_text(errors="replace").splitlines()
        said = {json.loads(line)["pid"] for line in log if _SERVES in line}
        children = psutil.Process(self.process.pid).children()
        return sorted(
            child.pid
            for child in children
            if child.pid in said and child.status() != psutil.STATUS_ZOMBIE
        )

    def kill_worker(self) -> "Casualty":
        """SIGKILL the worker with most connections: the kernel hands them out unevenly.

        It is stopped first, so that whose connections die is exact.
        """
        victim = max(self.workers(), key=lambda pid: len(client_ports(pid)))
        os.kill(victim, signal.SIGSTOP)
        ports = client_ports(victim)
        os.kill(victim, signal.SIGKILL)
        return Casualty(victim, ports)

    def reload(self) -> None:
        """Ask the parent for a rolling restart."""
        os.kill(self.process.pid, signal.SIGHUP)


class Casualty:
    """A worker that was killed, and the client ends of the connections it held."""

    def __init__(self, pid: int, ports: frozenset[int]) -> None:
        self.pid = pid
        self.ports = ports


def client_ports(pid: int) -> frozenset[int]:
    """The other end's port of every TCP connection ``pid`` holds."""
    connections = psutil.Process(pid).net_connections("tcp")
    return frozenset(connection.raddr.port for connection in connections if connection.raddr)
