"""TCP ports for processes that are about to start.

A port the kernel hands out (``bind`` to 0) may be any connection's the moment it is let go: tests
and benches that run side by side took each other's. These lie below the range the kernel takes
ports from, and each process has a row of its own, so nobody takes one before its process listens.
"""

import atexit
import functools
import secrets
import socket
from contextlib import suppress
from pathlib import Path

HOST = "127.0.0.1"
LOWEST = 10_000
ROW = 100
# Without that file (macOS): far below 49,152, where ports of connections begin by RFC 6335 §6.
RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_OF_CONNECTIONS = 32_768


class NoFreePortsError(RuntimeError):
    """Nobody could listen on any port that was tried."""


class PortRow:
    """``ROW`` ports nobody else takes, as long as the process lives.

    The first is bound and never listened on: that is what keeps other processes off the row.
    """

    def __init__(self) -> None:
        rows = (_first_of_connections() - LOWEST) // ROW
        start = secrets.randbelow(rows)
        for number in range(rows):
            first = LOWEST + (start + number) % rows * ROW
            claim = socket.socket()
            try:
                claim.bind((HOST, first))
            except OSError:
                claim.close()
                continue
            self._claim, self._first, self._next = claim, first, first + 1
            return
        raise NoFreePortsError(f"all {rows} rows from port {LOWEST} are taken")

    def close(self) -> None:
        """Leave the row to others."""
        self._claim.close()

    def take(self, count: int) -> list[int]:
        """``count`` neighbouring ports, each free now; begins anew at the end of the row."""
        for _ in range(ROW):
            if self._next + count > self._first + ROW:
                self._next = self._first + 1
            ports = list(range(self._next, self._next + count))
            self._next += count
            if all(_is_free(port) for port in ports):
                return ports
        raise NoFreePortsError(f"no {count} neighbours from {self._first} to {self._first + ROW}")


def free_ports(count: int) -> list[int]:
    """``count`` neighbouring ports of 127.0.0.1 that stay free for who starts on them.

    Raises NoFreePortsError; ``count`` must be below ``ROW``.
    """
    return _own_row().take(count)


def free_port() -> int:
    """One of them."""
    return free_ports(1)[0]


@functools.cache
def _own_row() -> PortRow:
    row = PortRow()
    atexit.register(row.close)
    return row


def _first_of_connections() -> int:
    with suppress(OSError):
        first = int(RANGE.read_text().split()[0])
        # Where connections take ports from everywhere, no place is better than another.
        return first if first >= LOWEST + ROW else FIRST_OF_CONNECTIONS
    return FIRST_OF_CONNECTIONS


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True
