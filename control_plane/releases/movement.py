"""Who moves when a route changes: pure arithmetic over buckets.

A bucket (0…9999) is where GrowthBook's hash puts a targeting key for this release; the key
stays in it for as long as the release lives. So what a change does to a bucket, it does to
every subject in it.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bentos.contract.route import BUCKETS, Route


def version_at(route: Route, bucket: int) -> str:
    """Which version a key in this bucket is assigned: the canary's arm is [0, w)."""
    if route.canary is not None and bucket < route.canary.buckets:
        return route.canary.candidate
    return route.stable


def who_moves(
    before: Route | None, after: Route | None, subjects: Mapping[int, int] | None
) -> dict[str, Any]:
    """Subjects by where they go. ``subjects``: bucket → distinct subjects seen in it lately.

    With none, the expected share of all keys instead, labelled ``estimate``.
    """
    seen = subjects or {}
    counts = seen or dict.fromkeys(range(BUCKETS), 1)
    total = sum(counts.values())
    moves: Counter[tuple[str, str]] = Counter()
    if before is not None and after is not None:
        for bucket, count in counts.items():
            way = version_at(before, bucket), version_at(after, bucket)
            if way[0] != way[1]:
                moves[way] += count
    return {
        "basis": "decisions" if seen else "estimate",
        "subjects": total if seen else None,
        "moving": sum(moves.values()) if seen else None,
        "share": sum(moves.values()) / total,
        "moves": [
            {"from": old, "to": new, "share": count / total, "subjects": count if seen else None}
            for (old, new), count in sorted(moves.items())
        ],
    }
