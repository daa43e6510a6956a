"""Hands copies of answered requests to the shadow process: all that is done about shadows here.

A list append per request and one write per hand-over, so that a shadow costs its primary next to
nothing; packing, asking, comparing and recording happen in a process that takes little of the
processor (``shadow_server.py``). Never raises, never waits; what is not handed over is counted.
"""

import asyncio
import errno
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

from msgspec import structs

from gateway.overload import Overload
from gateway.shadow_copy import ShadowCopy, encode_copies
from gateway.shadow_tally import ShadowTally

# Answers come in batches, a few a millisecond: so many share a write, and none waits for long.
FLUSH_S = 0.005
MAX_COPIES = 64
MAX_DATAGRAM_BYTES = 200_000
# A thousand copies or so: more would only grow old in there.
BUFFER_BYTES = 512 * 1024
# EAGAIN, and what macOS says of datagrams.
FULL = (errno.EAGAIN, errno.ENOBUFS)
# A process that is so far behind is not asked at every answer whether it has caught up.
REST_S = 0.02
# The last 12 hex digits of a decision's id (UUIDv7) are random.
SAMPLE_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Channel:
    """Two ends of a socket that keeps datagrams whole: several workers write, one process reads.

    Its buffer is the queue of what waits for the shadow process, also while that is restarted.
    """

    feed: socket.socket
    sink: socket.socket

    @classmethod
    def open(cls) -> "Channel":
        """A new one; the system may grant less of a buffer than is asked for."""
        try:
            feed, sink = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError:  # macOS has none; its datagrams lie in the reader's buffer
            feed, sink = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        feed.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        for end in (feed, sink):
            end.setblocking(False)
        return cls(feed, sink)

    def close(self) -> None:
        """Both ends, here."""
        self.feed.close()
        self.sink.close()


class ShadowFeed:
    """One per gateway worker; ``feed`` None: there is no shadow process to hand anything to."""

    def __init__(
        self, feed: socket.socket | None, overload: Overload, *, sample: float, max_rows: int
    ) -> None:
        self.tally = ShadowTally()
        self._feed = feed
        self._overload = overload
        self._sample = sample
        self._max_rows = max_rows
        self._waiting: list[ShadowCopy] = []
        self._full_until = 0.0

    def mirror(self, copy: ShadowCopy) -> None:
        """Take a copy of an answer that has left, or drop and count it."""
        if not is_sampled(copy.decision_id, self._sample):
            self._drop([copy], "sampled_out")
        elif self._overload.stands:
            self._drop([copy], "overload")
        elif copy.at < self._full_until:
            self._drop([copy], "queue")
        else:
            if len(copy.rows) > self._max_rows:
                copy = structs.replace(copy, rows=[])
            self._waiting.append(copy)
            if len(self._waiting) == 1:
                asyncio.get_running_loop().call_later(FLUSH_S, self.flush)
            elif len(self._waiting) >= MAX_COPIES:
                self.flush()

    def flush(self) -> None:
        """Hand over what waits."""
        copies, self._waiting = self._waiting, []
        if copies:
            self._hand_over(copies)

    def _hand_over(self, copies: list[ShadowCopy]) -> None:
        data = encode_copies(copies)
        if len(data) <= MAX_DATAGRAM_BYTES:
            self._send(copies, data)
        elif len(copies) > 1:
            middle = len(copies) // 2
            self._hand_over(copies[:middle])
            self._hand_over(copies[middle:])
        elif copies[0].rows:
            self._hand_over([structs.replace(copies[0], rows=[])])
        else:
            self._drop(copies, "size")

    def _send(self, copies: list[ShadowCopy], data: bytes) -> None:
        if self._feed is None:
            self._drop(copies, "unavailable")
            return
        try:
            self._feed.send(data)
        except OSError as error:
            full = error.errno in FULL
            if full:
                self._full_until = monotonic() + REST_S
            self._drop(copies, "queue" if full else "unavailable")

    def pass_over(self, versions: Iterable[str], reason: str) -> None:
        """Count an answer that these versions are not asked about."""
        for version in versions:
            self.tally.dropped[version, reason] += 1

    def _drop(self, copies: list[ShadowCopy], reason: str) -> None:
        for copy in copies:
            self.pass_over(copy.versions, reason)


def is_sampled(decision_id: str, share: float) -> bool:
    """Whether a decision is mirrored: by its id, so every shadow sees the same decisions."""
    if share >= 1.0:
        return True
    drawn = int(decision_id[-SAMPLE_DIGITS:], 16)
    return drawn < share * float(16**SAMPLE_DIGITS)
