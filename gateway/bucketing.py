"""A key's bucket in a split, as the growthbook package works it out (hash version 2), but with the
seed hashed once and not for every key: a release's id is as long as a key or longer.
"""

from growthbook.core import fnv1a32

from bentos.contract.route import BUCKETS

_BASIS, _PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF


class Bucketing:
    """Of one split, told by its seed."""

    __slots__ = ("_begun", "_seed")

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._begun = fnv1a32(seed)

    def bucket(self, key: str) -> int:
        """0 to 9,999."""
        # Other text is hashed by its UTF-16 units, as JavaScript does: rare, and the package's own.
        whole = _fnv1a(self._begun, key) if key.isascii() else fnv1a32(self._seed + key)
        return _fnv1a(_BASIS, str(whole)) % BUCKETS


def _fnv1a(value: int, text: str) -> int:
    for byte in text.encode():
        value = ((value ^ byte) * _PRIME) & _MASK
    return value
