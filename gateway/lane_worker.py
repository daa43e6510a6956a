"""One worker of a version as its lane sees it: its connections, and whether it is in use."""

import asyncio

from gateway.lane_address import LaneAddress
from gateway.lane_connection import LaneConnection
from gateway.lane_ejection import Ejection
from gateway.lane_request import Encoding


class LaneWorker:
    """State only; ``lane_pool.py`` decides.

    ``is_down``: the last attempt to connect failed and no connection is left. ``parked`` are the
    idle connections while the worker is ejected. ``answered_sent_at`` is when the last answered
    batch was sent, ``failed_at`` when the last call failed, both in time.monotonic: whether a
    worker kept going while another hung.
    """

    __slots__ = (
        "address",
        "answered_sent_at",
        "connections",
        "ejection",
        "encoding",
        "encoding_is_sure",
        "failed_at",
        "in_flight",
        "is_down",
        "is_ejected",
        "is_hung",
        "parked",
        "readmission",
        "slots",
    )

    def __init__(self, address: LaneAddress) -> None:
        self.address = address
        self.answered_sent_at = 0.0
        self.failed_at = 0.0
        self.connections: set[LaneConnection] = set()
        self.ejection = Ejection()
        self.encoding = Encoding.BINARY
        self.encoding_is_sure = False
        self.in_flight = 0
        self.is_down = False
        self.is_ejected = False
        self.is_hung = False
        self.parked: list[LaneConnection] = []
        self.readmission: asyncio.TimerHandle | None = None
        self.slots: list[asyncio.Task[None]] = []

    @property
    def is_in_use(self) -> bool:
        """Whether batches may go to it."""
        return bool(self.connections) and not self.is_ejected

    @property
    def is_proven(self) -> bool:
        """Whether it answered as it should and did not fail a call since."""
        return self.answered_sent_at > self.failed_at
