"""Decoded manifests, by their digest: a digest's manifest never changes, so it is decoded once."""

import threading
from collections import OrderedDict

import msgspec

from bentos.contract.manifest import Manifest
from control_plane.registry.models import VersionRow

CAPACITY = 512


class DecodedManifests:
    """The most recently used ``capacity`` manifests. Used from many threads."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._held: OrderedDict[str, Manifest] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def of(self, row: VersionRow) -> Manifest:
        """The version's manifest; the stored JSON is read only when it is not held."""
        with self._lock:
            if row.manifest_digest in self._held:
                self._held.move_to_end(row.manifest_digest)
                return self._held[row.manifest_digest]
        manifest = msgspec.convert(row.manifest, Manifest)
        with self._lock:
            self._held[row.manifest_digest] = manifest
            while len(self._held) > self._capacity:
                self._held.popitem(last=False)
        return manifest


MANIFESTS = DecodedManifests()
"""The process's own: manifests are immutable, so all may share them."""
