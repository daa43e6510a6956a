"""What shadows and the decision log do to the answers: pairs, intervals.

Latency is taken in an open loop at half the gateway's measured capacity, throughput in a closed
one at full. Each round measures the plain gateway and every treatment; a pair is the two of one
round.
"""

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from load_tests.load_result import LoadResult
from load_tests.open_loop import arrivals_ns
from load_tests.paired_ratio import paired_ratio
from load_tests.rounds import measure, measure_open
from load_tests.sides import Side

BASE = "gateway"
SHARE_OF_CAPACITY = 0.5
MIN_PAIRS = 7
# An interval needs two.
MIN_USABLE = 2


class Times(Protocol):
    """How often, how long (seconds), and with how many connections the closed loop runs."""

    @property
    def pairs(self) -> int:
        """Pairs of each effect."""

    @property
    def pair_seconds(self) -> float:
        """Length of half a pair."""

    @property
    def connections(self) -> int:
        """Of the closed loop."""


@dataclass(frozen=True)
class Effect:
    """One treatment against the plain gateway. ``claimed`` says whether it must stay small."""

    name: str
    side: str
    text: str
    open_loop: bool
    claimed: bool = True


EFFECTS = (
    Effect("shadow_fast", "gateway_shadow", "p99 with a fast 100 % shadow / without", True),
    Effect("shadow_hung", "shadow_hung", "p99 with a hung 100 % shadow / without", True),
    Effect("shadow_killed", "shadow_killed", "p99 with a killed 100 % shadow / without", True),
    Effect("log_strict_p99", "log_strict", "p99 with a strict decision log / default", True, False),
    Effect("log_strict", "log_strict", "time per answer, decision log strict / default", False),
    Effect("log_default", "log_off", "time per answer, decision log default / none", False),
)
# Here the plain gateway is the treatment.
INVERTED = frozenset({"log_default"})


def effects(
    sides: dict[str, Side], capacity: float, times: Times, tell: Callable[[str], None]
) -> dict[str, dict[str, Any]]:
    """Measure every effect whose side runs; name → text, interval, estimate and medians."""
    wanted = [effect for effect in EFFECTS if effect.side in sides]
    open_sides = [BASE, *dict.fromkeys(effect.side for effect in wanted if effect.open_loop)]
    full_sides = [BASE, *dict.fromkeys(effect.side for effect in wanted if not effect.open_loop)]
    latency: dict[str, list[LoadResult]] = {name: [] for name in open_sides}
    throughput: dict[str, list[LoadResult]] = {name: [] for name in full_sides}
    for number in range(times.pairs):
        # The same arrivals for all of a round; who goes first moves on.
        due_ns = arrivals_ns(capacity * SHARE_OF_CAPACITY, times.pair_seconds, seed=number)
        for name in _rotated(open_sides, number):
            tell(f"pair {number + 1}: {name}, open loop")
            latency[name].append(measure_open(sides[name], due_ns))
        for name in _rotated(full_sides, number):
            tell(f"pair {number + 1}: {name}, c={times.connections}")
            throughput[name].append(measure(sides[name], times.connections, times.pair_seconds))
    return {
        effect.name: effect_row(effect, latency if effect.open_loop else throughput)
        for effect in wanted
    }


def effect_row(effect: Effect, results: dict[str, list[LoadResult]]) -> dict[str, Any]:
    """One effect from the rounds of every side, those of one index being a pair."""
    figure = _p99_ms if effect.open_loop else _seconds_per_answer
    # A half without an answer has failures to show for it: those make the run void.
    pairs = [
        (figure(plain), figure(treated))
        for plain, treated in zip(results[BASE], results[effect.side], strict=True)
        if plain.latencies_ns and treated.latencies_ns
    ]
    base, treated = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    if effect.name in INVERTED:
        base, treated = treated, base
    ratio = paired_ratio(base, treated) if len(pairs) >= MIN_USABLE else None
    return {
        "text": effect.text,
        "claimed": effect.claimed,
        "estimate": ratio and round(ratio.estimate, 3),
        "interval": ratio and [round(ratio.low, 3), round(ratio.high, 3)],
        "pairs": len(pairs),
        "unit": "p99 ms" if effect.open_loop else "µs per answer",
        "base": _median(base, effect),
        "treated": _median(treated, effect),
        "failed": sum(result.failed for result in results[effect.side]),
        "shed": sum(result.shed for result in results[effect.side]),
    }


def _median(figures: list[float], effect: Effect) -> float | None:
    if not figures:
        return None
    median = statistics.median(figures)
    return round(median if effect.open_loop else median * 1e6, 3)


def _p99_ms(result: LoadResult) -> float:
    return result.percentile_ms(0.99)


def _seconds_per_answer(result: LoadResult) -> float:
    return 1 / result.per_second


def _rotated(names: list[str], number: int) -> list[str]:
    start = number % len(names)
    return names[start:] + names[:start]
