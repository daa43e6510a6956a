"""Rules whose splits are not independent although they look so, across all features."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from control_plane.lint.finding import Finding, Place
from control_plane.lint.shapes import Range, Rule

Placed = tuple[Place, Rule]


def check_bucketing(rules: Sequence[Placed]) -> Iterator[Finding]:
    """Seeds used twice, tracking keys used twice, namespaces in which two rules overlap."""
    yield from _same_seed(rules)
    yield from _same_key(rules)
    yield from _same_namespace(rules)


def _same_seed(rules: Sequence[Placed]) -> Iterator[Finding]:
    first: dict[tuple[str, str, int], Place] = {}
    for place, rule in rules:
        if not (rule.variations or rule.coverage is not None or rule.range is not None):
            continue
        salt = rule.salt(place.feature or "")
        other = first.setdefault((salt, rule.attribute, rule.hashVersion or 1), place)
        if other is not place:
            found = f"{salt}, as {other.feature}.{other.field} has"
            do = "give it a seed of its own: the same callers fall into the same arms of both"
            yield place.at("seed").warning("seed-shared", found, do)


def _same_key(rules: Sequence[Placed]) -> Iterator[Finding]:
    first: dict[str, Place] = {}
    for place, rule in rules:
        if rule.variations and rule.key:
            other = first.setdefault(rule.key, place)
            if other.feature != place.feature:
                found = f"{rule.key}, as {other.feature}.{other.field} has"
                do = "give it a key of its own: exposures to both are counted as one experiment's"
                yield place.at("key").warning("experiment-key-shared", found, do)


def _same_namespace(rules: Sequence[Placed]) -> Iterator[Finding]:
    members: dict[tuple[str, str], list[tuple[Range, Place]]] = {}
    for place, rule in rules:
        if rule.namespace is not None:
            name, start, end = rule.namespace
            where = place.at("namespace")
            members.setdefault((name, rule.attribute), []).append(((start, end), where))
        for index, each in enumerate(rule.filters or ()):
            where = place.at("filters").at(index)
            key = (each.seed, each.attribute or rule.attribute)
            members.setdefault(key, []).extend((part, where) for part in each.ranges)
    for (name, _), parts in members.items():
        ordered = sorted(parts, key=lambda part: part[0])
        for (one, other), ((low, high), place) in pairwise(ordered):
            if low < min(one[1], high) and other != place:
                found = (
                    f"{name} from {low:g}, which {other.feature}.{other.field} has up to {one[1]:g}"
                )
                do = "cut one of them: a namespace keeps experiments apart only where they differ"
                yield place.warning("namespace-overlap", found, do)
