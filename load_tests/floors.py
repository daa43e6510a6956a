"""What the benchmark must show: for each claim its floor, its target, and what was measured."""

from dataclasses import dataclass
from typing import Any

# A shadow or a log may make things worse by this much before it counts.
EFFECT_LIMIT = 1.10


@dataclass(frozen=True)
class Claim:
    """``value`` against ``floor`` (missing it fails the run) and ``target``. ``value`` is None
    where a side it needs did not run: then it is told, and fails nothing."""

    name: str
    text: str
    floor: float
    target: float
    value: float | None
    at_least: bool = True

    @property
    def missed(self) -> bool:
        """Below the floor."""
        return self.value is not None and not self._holds(self.floor)

    def row(self) -> dict[str, Any]:
        """For the report."""
        return {
            "name": self.name,
            "text": self.text,
            "value": None if self.value is None else round(self.value, 3),
            "floor": self.floor,
            "target": self.target,
            "direction": "at least" if self.at_least else "at most",
            "floor_held": None if self.value is None else not self.missed,
            "reached": None if self.value is None else self._holds(self.target),
        }

    def problem(self) -> str:
        """The miss in words."""
        word = "at least" if self.at_least else "at most"
        return f"{self.text}: expected {word} {self.floor:g}, got {self.value:.3f}"

    def _holds(self, limit: float) -> bool:
        assert self.value is not None
        return self.value >= limit if self.at_least else self.value <= limit


def claims(figures: dict[str, float | None]) -> list[Claim]:
    """The claims over figures named as below; a figure that is missing is None."""
    value = figures.get
    return [
        Claim("bentoml", "req/s against bentoml serve", 8, 15, value("per_bentoml")),
        Claim(
            "mlserver", "req/s against MLServer, its fastest setting", 3, 5, value("per_mlserver")
        ),
        Claim("echo", "req/s against the bare echo", 0.30, 0.45, value("per_echo")),
        Claim(
            "latency",
            "c=1 p50 against bentoml serve",
            0.6,
            0.45,
            value("p50_per_bentoml"),
            at_least=False,
        ),
        Claim(
            "overload_p99",
            "p99 of accepted answers, overload against c=128",
            1.5,
            1.5,
            value("overload_p99"),
            at_least=False,
        ),
        Claim(
            "overload_goodput",
            "accepted answers per second, overload against c=128",
            0.9,
            0.9,
            value("overload_goodput"),
        ),
    ]


def effect_claims(effects: dict[str, dict[str, Any]]) -> list[Claim]:
    """One claim per effect: the lower end of its interval stays within EFFECT_LIMIT."""
    return [
        Claim(
            f"effect_{name}",
            f"{effect['text']} (lower end of the interval)",
            EFFECT_LIMIT,
            EFFECT_LIMIT,
            effect["interval"] and effect["interval"][0],
            at_least=False,
        )
        for name, effect in effects.items()
        if effect["claimed"]
    ]
