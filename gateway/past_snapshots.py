"""Snapshots that were replaced and are still held, by requests that began under them."""

from weakref import ref

from gateway.lane import Lane
from gateway.snapshot import Snapshot


class PastSnapshots:
    """Holds none of them: one is gone with the last request, or shadow copy, that saw it."""

    def __init__(self) -> None:
        self._snapshots: list[ref[Snapshot]] = []

    def add(self, snapshot: Snapshot) -> None:
        """It is about to be replaced."""
        self._snapshots = [past for past in self._snapshots if past() is not None]
        self._snapshots.append(ref(snapshot))

    def lead_to(self, lane: Lane) -> bool:
        """Whether anybody who began earlier may still come to this lane."""
        for past in self._snapshots:
            snapshot = past()
            if snapshot is not None and snapshot.lanes.get(lane.version) is lane:
                return True
        return False
