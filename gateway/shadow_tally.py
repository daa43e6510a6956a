"""What became of shadow copies, counted per version: nothing is dropped in silence."""

from collections import Counter
from collections.abc import Iterable

from gateway.shadow_comparison import Comparison

PREFIX = "signalbox_gateway_shadow"
Metric = tuple[str, str, dict[str, str], float]


class ShadowTally:
    """``dropped`` copies were never sent: ``sampled_out``, ``size``, ``queue``, ``late``,
    ``unavailable``, ``overload``, ``unlogged``. ``failed`` ones were sent, or refused by the
    lane, and got no answer. What became of ``unrecorded`` ones could not be written down."""

    def __init__(self) -> None:
        self.compared: Counter[str] = Counter()
        self.agreed: Counter[str] = Counter()
        self.failed: Counter[tuple[str, str]] = Counter()
        self.dropped: Counter[tuple[str, str]] = Counter()
        self.unrecorded: Counter[str] = Counter()
        self.outputs: Counter[tuple[str, str, bool]] = Counter()
        self.distances: dict[tuple[str, str], float] = {}

    def compare(self, version: str, comparison: Comparison) -> None:
        """Count one answered copy, output by output."""
        self.compared[version] += 1
        self.agreed[version] += all(comparison.agrees.values())
        for output, agrees in comparison.agrees.items():
            self.outputs[version, output, agrees] += 1
        for output, distance in comparison.distances.items():
            key = version, output
            self.distances[key] = self.distances.get(key, 0.0) + distance

    def totals(self) -> dict[str, int]:
        """Over all versions; copies that were not sampled are no drops."""
        dropped = sum(n for (_, reason), n in self.dropped.items() if reason != "sampled_out")
        return {
            "compared": self.compared.total(),
            "agreed": self.agreed.total(),
            "failed": self.failed.total(),
            "dropped": dropped,
        }

    def metrics(self) -> Iterable[Metric]:
        """Counters for /metrics; the mean distance is the sum over the comparisons."""
        for outcome, number in self.totals().items():
            yield f"{PREFIX}_total", "Shadow copies by outcome.", {"outcome": outcome}, number
        text = "Shadow copies that got no answer."
        for (version, status), number in self.failed.items():
            labels = {"version": version, "status": status}
            yield f"{PREFIX}_failures_total", text, labels, number
        text = "Shadow copies that were never sent."
        for (version, reason), number in self.dropped.items():
            yield f"{PREFIX}_drops_total", text, {"version": version, "reason": reason}, number
        text = "Shadow copies whose outcome could not be written beside the decision."
        for version, number in self.unrecorded.items():
            yield f"{PREFIX}_unrecorded_total", text, {"version": version}, number
        text = "Outputs compared with what the caller got, by agreement."
        for (version, output, agrees), number in self.outputs.items():
            labels = {"version": version, "output": output, "agrees": str(agrees).lower()}
            yield f"{PREFIX}_comparisons_total", text, labels, number
        text = "Sum of distances (absolute difference; 1 - overlap); a mean over the comparisons."
        for (version, output), distance in self.distances.items():
            yield f"{PREFIX}_distance_total", text, {"version": version, "output": output}, distance
