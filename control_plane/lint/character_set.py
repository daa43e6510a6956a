"""Sets of characters as sorted ranges of code points: what one place of a pattern may match.

Where Python and JavaScript disagree (``\\w`` beyond ASCII) the larger set is taken, because sets
are only asked whether they may overlap.
"""

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]
LAST = 0x10FFFF
BEYOND_ASCII = (0x80, LAST)


def merged(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same characters as sorted ranges that do not touch."""
    out: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if out and low <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(high, out[-1][1]))
        else:
            out.append((low, high))
    return tuple(out)


def complement(ranges: Ranges) -> Ranges:
    """Every other character."""
    out, start = [], 0
    for low, high in ranges:
        if low > start:
            out.append((start, low - 1))
        start = high + 1
    if start <= LAST:
        out.append((start, LAST))
    return tuple(out)


def overlap(one: Ranges, other: Ranges) -> bool:
    """Whether some character is in both."""
    return any(a <= d and c <= b for a, b in one for c, d in other)


def any_case(ranges: Ranges) -> Ranges:
    """With the other case of every ASCII letter in it."""
    shifted = []
    for low, high in ranges:
        for first, last, by in ((65, 90, 32), (97, 122, -32)):
            if low <= last and first <= high:
                shifted.append((max(low, first) + by, min(high, last) + by))
    return merged([*ranges, *shifted])


_DIGIT, _SPACE = ((48, 57),), ((9, 13), (32, 32))
_WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
CLASSES: dict[str, Ranges] = {
    "d": merged([*_DIGIT, BEYOND_ASCII]),
    "w": merged([*_WORD, BEYOND_ASCII]),
    "s": merged([*_SPACE, BEYOND_ASCII]),
    "D": complement(_DIGIT),
    "W": complement(_WORD),
    "S": complement(_SPACE),
}
ANY = complement(((10, 10),))
