"""The rows of a bulk operation as lines of JSONL, in bounded memory and in Shopify's order.

With ``groupObjects`` children stand directly below their parent. Without, they come at any later
place: here well after it, mixed with other orders' children and with the parents of the next
chunk, so that whoever relies on nearness fails.
"""

import random
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from tests.stand_in.shopify.bulk_projection import Rows

CHUNK = 400
"Parents in one go. Children lag one chunk behind, children's children two."
Found = tuple[bytes, bool]
"A line, and whether it is a root's."
_written = msgspec.json.Encoder().encode


def lines(roots: Sequence[Rows], *, grouped: bool) -> Iterator[Found]:
    """Every row, each line with its newline."""
    for rows in roots:
        yield from _grouped(rows, None) if grouped else _scattered(rows)


def _grouped(rows: Rows, parent: Any, above: str | None = None) -> Iterator[Found]:
    for source in rows.sources(parent):
        line = rows.line(source)
        yield _line(line, above), above is None
        for below in rows.below:
            yield from _grouped(below, source, line["id"])


def _scattered(rows: Rows) -> Iterator[Found]:
    chance = random.Random(1)
    waiting: deque[list[list[bytes]]] = deque()
    chunk: list[list[bytes]] = [[], [], []]
    for source in rows.sources(None):
        _collect(rows, source, None, chunk, 0)
        if len(chunk[0]) >= CHUNK:
            waiting.append(chunk)
            chunk = [[], [], []]
            yield from _round(waiting, chance)
    waiting.append(chunk)
    for _ in range(3):
        yield from _round(waiting, chance)
        waiting.append([[], [], []])


def _collect(
    rows: Rows, source: Any, above: str | None, into: list[list[bytes]], depth: int
) -> None:
    line = rows.line(source)
    into[depth].append(_line(line, above))
    for below in rows.below:
        for child in below.sources(source):
            _collect(below, child, line["id"], into, depth + 1)


def _round(waiting: deque[list[list[bytes]]], chance: random.Random) -> Iterator[Found]:
    """The newest chunk's parents among older chunks' children, each kind in its own order."""
    parts = [waiting[-1 - depth][depth] for depth in range(3) if depth < len(waiting)]
    turns = [depth for depth, part in enumerate(parts) for _ in part]
    chance.shuffle(turns)
    each = [iter(part) for part in parts]
    for depth in turns:
        yield next(each[depth]), depth == 0
    while len(waiting) > 2:
        waiting.popleft()


def _line(line: dict[str, Any], above: str | None) -> bytes:
    if above is not None:
        line["__parentId"] = above
    return _written(line) + b"\n"
