"""How long a backtracking engine may take over a pattern that does not match.

Both SDKs' engines try one way after the other. A pattern that can match the same text in
exponentially many ways stalls whoever evaluates it; one with several loops that can share a text
takes a power of its length. Read off the pattern's position automaton (Glushkov): exponential if
some loop has two ways over the same text, else the degree is the longest chain of loops that can
pass text on to one another. Counted repetitions are taken for endless ones, so the judgement
errs on the safe side.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations, product
from math import prod

from control_plane.lint.character_set import Ranges, any_case, merged, overlap
from control_plane.lint.graph import components
from control_plane.lint.regex_syntax import (
    Ahead,
    Anchor,
    Characters,
    Choice,
    Node,
    Repeat,
    Sequence,
)

MAX_POSITIONS = 200
MAX_PAIRS = 40_000
MAX_WAYS = 4096
"""Ways over one text that choices may add up to without any loop, taken for disjoint only if they
begin differently."""


class TooComplexError(ValueError):
    """More than can be looked through."""


class ExponentialError(ValueError):
    """Says what has two ways over the same text."""


def degree(pattern: Node, *, ignore_case: bool = False) -> int:
    """The power of the text's length that a failing search may take; raises ExponentialError,
    TooComplexError."""
    worst = 1
    for tree in (pattern, *_ahead(pattern)):
        if _ways(tree, ignore_case) > MAX_WAYS:
            raise ExponentialError("choices one after the other, which begin alike")
        _check_one_way(_Automaton(ignore_case, counted_as_loop=True).build(tree))
        strict = _Automaton(ignore_case, counted_as_loop=False).build(tree)
        worst = max(worst, _chain(strict, anchored=_is_anchored(tree)))
    return worst


@dataclass
class _Part:
    nullable: bool
    first: set[int] = field(default_factory=set)
    last: set[int] = field(default_factory=set)


class _Automaton:
    """Positions of a pattern, and which may follow which."""

    def __init__(self, ignore_case: bool, *, counted_as_loop: bool) -> None:
        self.labels: list[Ranges] = []
        self.follow: dict[int, set[int]] = defaultdict(set)
        self.doubled: set[int] = set()
        "Positions with two ways to the same next one."
        self._ignore_case = ignore_case
        self._counted_as_loop = counted_as_loop

    def build(self, tree: Node) -> "_Automaton":
        self._build(tree, inside=False)
        return self

    def _build(self, node: Node, *, inside: bool) -> _Part:
        """``inside``: of a counted repetition."""
        if isinstance(node, Characters):
            return self._position(node.ranges)
        if isinstance(node, Sequence):
            return self._sequence([self._build(part, inside=inside) for part in node.parts])
        if isinstance(node, Choice):
            parts = [self._build(part, inside=inside) for part in node.parts]
            first = set().union(*(part.first for part in parts))
            last = set().union(*(part.last for part in parts))
            return _Part(any(part.nullable for part in parts), first, last)
        if isinstance(node, Repeat):
            return self._repeat(node, inside=inside)
        return _Part(nullable=True)

    def _position(self, ranges: Ranges) -> _Part:
        if len(self.labels) >= MAX_POSITIONS:
            raise TooComplexError(f"more than {MAX_POSITIONS} places once written out")
        self.labels.append(any_case(ranges) if self._ignore_case else ranges)
        here = {len(self.labels) - 1}
        return _Part(False, here, set(here))

    def _sequence(self, parts: list[_Part]) -> _Part:
        whole = _Part(nullable=True)
        for part in parts:
            self._link(whole.last, part.first)
            whole = _Part(
                whole.nullable and part.nullable,
                whole.first | part.first if whole.nullable else whole.first,
                whole.last | part.last if part.nullable else part.last,
            )
        return whole

    def _repeat(self, node: Repeat, *, inside: bool) -> _Part:
        counted = node.low == node.high and _length(node.inner) is not None
        if counted and inside:
            return self._sequence([self._build(node.inner, inside=True) for _ in range(node.low)])
        part = self._build(node.inner, inside=inside or counted)
        if node.high is None or node.high > 1:
            if part.nullable:
                raise ExponentialError("a repetition of what may be empty")
            if not counted or self._counted_as_loop:
                self._link(part.last, part.first)
        return _Part(part.nullable or node.low == 0, part.first, part.last)

    def _link(self, sources: set[int], targets: set[int]) -> None:
        for source in sources:
            if self.follow[source] & targets:
                self.doubled.add(source)
            self.follow[source] |= targets


def _ways(node: Node, ignore_case: bool) -> int:
    """How often what is no loop may be read anew, at most; loops are looked at by themselves."""
    if isinstance(node, Sequence):
        return min(prod(_ways(part, ignore_case) for part in node.parts), MAX_WAYS + 1)
    if isinstance(node, Choice):
        each = [_ways(part, ignore_case) for part in node.parts]
        begun = [_begin(part, ignore_case) for part in node.parts]
        alike = any(a is None or b is None or overlap(a, b) for a, b in combinations(begun, 2))
        return min(sum(each) if alike else max(each), MAX_WAYS + 1)
    if isinstance(node, Repeat) and node.low == node.high:
        return min(prod([_ways(node.inner, ignore_case)] * node.low), MAX_WAYS + 1)
    if isinstance(node, Repeat) and node.high == 1:
        return min(_ways(node.inner, ignore_case) + 1, MAX_WAYS + 1)
    return 1


def _begin(node: Node, ignore_case: bool) -> Ranges | None:
    """With what it begins; None where that is not plain, as with what may be empty."""
    if isinstance(node, Characters):
        return any_case(node.ranges) if ignore_case else node.ranges
    if isinstance(node, Sequence):
        solid = (part for part in node.parts if not isinstance(part, Anchor | Ahead))
        first = next(solid, None)
        return None if first is None else _begin(first, ignore_case)
    if isinstance(node, Choice):
        parts = [_begin(part, ignore_case) for part in node.parts]
        known = [part for part in parts if part is not None]
        return merged(r for part in known for r in part) if len(known) == len(parts) else None
    return _begin(node.inner, ignore_case) if isinstance(node, Repeat) and node.low else None


def _length(node: Node) -> int | None:
    """Characters it always matches; None if that varies."""
    if isinstance(node, Characters):
        return 1
    if isinstance(node, Sequence):
        lengths = [_length(part) for part in node.parts]
        known = [length for length in lengths if length is not None]
        return sum(known) if len(known) == len(lengths) else None
    if isinstance(node, Choice):
        found = {_length(part) for part in node.parts}
        return found.pop() if len(found) == 1 else None
    if isinstance(node, Repeat):
        each = _length(node.inner)
        return None if each is None or node.low != node.high else each * node.low
    return 0


def _check_one_way(automaton: _Automaton) -> None:
    """Raise ExponentialError if a loop has two ways over the same text."""
    if automaton.doubled:
        raise ExponentialError("a repetition within a repetition, which share the same text")
    graph = _pairs(automaton)
    for component in components(graph):
        if any(a == b for a, b in component) and any(a != b for a, b in component):
            raise ExponentialError("a repetition of choices that match the same text")


def _pairs(automaton: _Automaton) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Two readers of one text, from each place they share on."""
    waiting = [(place, place) for place in range(len(automaton.labels))]
    graph: dict[tuple[int, int], list[tuple[int, int]]] = {}
    steps = 0
    while waiting:
        pair = waiting.pop()
        if pair in graph:
            continue
        steps += len(automaton.follow[pair[0]]) * len(automaton.follow[pair[1]])
        if steps > MAX_PAIRS:
            raise TooComplexError("more choices than can be looked through")
        ahead = {
            (min(a, b), max(a, b))
            for a, b in product(automaton.follow[pair[0]], automaton.follow[pair[1]])
            if overlap(automaton.labels[a], automaton.labels[b])
        }
        graph[pair] = sorted(ahead)
        waiting.extend(graph[pair])
    return graph


def _chain(automaton: _Automaton, *, anchored: bool) -> int:
    """How many loops, one after the other, may share one text.

    A search that may begin anywhere is one such loop more.
    """
    graph = {place: sorted(automaton.follow[place]) for place in range(len(automaton.labels))}
    loops = [
        component
        for component in components(graph)
        if len(component) > 1 or any(place in graph[place] for place in component)
    ]
    texts = [merged(r for place in loop for r in automaton.labels[place]) for loop in loops]
    longest = [0] * len(loops)
    # Components come in the order in which text passes through them.
    for later in range(len(loops)):
        before = [
            longest[earlier]
            for earlier in range(later)
            if overlap(texts[earlier], texts[later])
            and _passes(automaton, loops[earlier], loops[later], texts[earlier])
        ]
        longest[later] = 1 + max(before, default=0 if anchored else 1)
    return max(longest, default=1)


def _passes(automaton: _Automaton, source: set[int], target: set[int], text: Ranges) -> bool:
    """Whether the text of a loop may go on, place by place, into the next one."""
    waiting, seen = list(source), set(source)
    while waiting:
        for place in automaton.follow[waiting.pop()] - seen:
            if not overlap(automaton.labels[place], text):
                continue
            if place in target:
                return True
            seen.add(place)
            waiting.append(place)
    return False


def _is_anchored(node: Node) -> bool:
    if isinstance(node, Sequence):
        return bool(node.parts) and _is_anchored(node.parts[0])
    if isinstance(node, Choice):
        return all(_is_anchored(part) for part in node.parts)
    return isinstance(node, Anchor) and node.start


def _ahead(node: Node) -> list[Node]:
    """The patterns of look-aheads; each is tried by itself."""
    if isinstance(node, Ahead):
        return [node.inner, *_ahead(node.inner)]
    if isinstance(node, Repeat):
        return _ahead(node.inner)
    if isinstance(node, Sequence | Choice):
        return [found for part in node.parts for found in _ahead(part)]
    return []
