"""Rounds into a report: medians and spread, the floors, the table."""

import argparse
import shlex
import statistics
import sys
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from load_tests import machine
from load_tests.http_load import LoadResult
from load_tests.sides import CANARY_WEIGHT, Side

MIN_RATIO = 5.0


@dataclass
class Figures:
    """One side's rounds: at one connection and at many."""

    single: list[LoadResult] = field(default_factory=list)
    many: list[LoadResult] = field(default_factory=list)
    warm: list[LoadResult] = field(default_factory=list)

    @property
    def p50_ms(self) -> list[float]:
        """Median latency of each round at one connection, milliseconds."""
        return [result.percentile_ms(0.5) for result in self.single if result.latencies_ns] or [0.0]

    @property
    def per_second(self) -> list[float]:
        """Requests per second of each round at many connections."""
        return [result.per_second for result in self.many]

    @property
    def p99_ms(self) -> list[float]:
        """99th percentile of each round at many connections, milliseconds."""
        return [result.percentile_ms(0.99) for result in self.many if result.latencies_ns] or [0.0]

    @property
    def failed(self) -> int:
        """Requests that failed, warm-up included."""
        return sum(result.failed for result in [*self.warm, *self.single, *self.many])

    @property
    def answered(self) -> int:
        """Requests answered while the clock ran."""
        return sum(len(result.latencies_ns) for result in [*self.warm, *self.single, *self.many])

    @property
    def failures(self) -> list[str]:
        """A few of the failures, for the log."""
        return [
            text for result in [*self.warm, *self.single, *self.many] for text in result.failures
        ]


def compose(
    figures: dict[str, tuple[Side, Figures]],
    status: dict[str, Any],
    options: argparse.Namespace,
    origin: str,
    busy: float,
) -> dict[str, Any]:
    """The whole report as JSON values; ``missed`` names the floors it misses."""
    rows = {name: _row(side, taken) for name, (side, taken) in figures.items()}
    report: dict[str, Any] = {
        "command": shlex.join(["python", "-m", "load_tests.bench", *sys.argv[1:]]),
        "machine": machine.describe(),
        "load_before": round(busy, 2),
        "graph": origin,
        "rounds": options.rounds,
        "seconds": options.seconds,
        "connections": options.connections,
        "sides": rows,
        "gateway": _gateway_facts(status),
    }
    if {"gateway", "bentoml"} <= set(rows) and rows["bentoml"]["answered"]:
        report["ratio"] = round(rows["gateway"]["per_second"] / rows["bentoml"]["per_second"], 2)
    report["missed"] = missed(report)
    return report


def _row(side: Side, taken: Figures) -> dict[str, Any]:
    return {
        "label": side.label,
        "p50_ms": round(statistics.median(taken.p50_ms), 3),
        "p50_ms_spread": [round(min(taken.p50_ms), 3), round(max(taken.p50_ms), 3)],
        "per_second": round(statistics.median(taken.per_second), 1),
        "per_second_spread": [round(min(taken.per_second), 1), round(max(taken.per_second), 1)],
        "p99_ms": round(statistics.median(taken.p99_ms), 2),
        "answered": taken.answered,
        "failed": taken.failed,
        "failures": taken.failures[:3],
    }


def _gateway_facts(status: dict[str, Any]) -> dict[str, Any]:
    """What proves that everything was on: decisions written, traffic on the canary."""
    answered = {version: lane["answered"] for version, lane in status["lanes"].items()}
    total = sum(answered.values())
    canary = answered[max(answered)] / total if total else 0.0
    return {
        "decisions_written": status["decisions"]["written"],
        "decisions_lost": status["decisions"]["lost"],
        "canary_answers": round(canary, 4),
        "canary_weight": CANARY_WEIGHT,
        "rows_per_batch": round(total / max(1, _batches(status)), 1),
    }


def _batches(status: dict[str, Any]) -> int:
    return sum(lane["batches"] for lane in status["lanes"].values())


def missed(report: dict[str, Any]) -> list[str]:
    """The floors this report misses, in words."""
    rows, problems = report["sides"], []
    for name, row in rows.items():
        if not row["answered"]:
            problems.append(f"{name}: expected answers, got none")
        if row["failed"]:
            problems.append(f"{name}: {row['failed']} requests failed: {row['failures'][:1]}")
    if "gateway" in rows:
        facts = report["gateway"]
        if facts["decisions_written"] < rows["gateway"]["answered"] or facts["decisions_lost"]:
            problems.append(f"gateway: not every answer has its decision: {facts}")
    if "ratio" in report:
        if report["ratio"] < MIN_RATIO:
            problems.append(f"throughput: expected at least {MIN_RATIO}x, got {report['ratio']}x")
        if rows["gateway"]["p50_ms"] >= rows["bentoml"]["p50_ms"]:
            problems.append("c=1 p50: expected the gateway below bentoml serve")
    return problems


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report for people."""
    facts = ", ".join(f"{name} {value}" for name, value in report["machine"].items())
    many = f"c={report['connections']}"
    title = f"medians of {report['rounds']} rounds of {report['seconds']:g} s, spread in brackets"
    table = Table(
        title=title, caption="all server processes of a side on one core, client on another"
    )
    for column in ("side", "c=1 p50 ms", f"{many} req/s", f"{many} p99 ms", "requests", "failed"):
        table.add_column(column, justify="left" if column == "side" else "right")
    for row in report["sides"].values():
        table.add_row(
            row["label"],
            f"{row['p50_ms']:.3f} [{row['p50_ms_spread'][0]:.3f}-{row['p50_ms_spread'][1]:.3f}]",
            f"{row['per_second']:,.0f} "
            f"[{row['per_second_spread'][0]:,.0f}-{row['per_second_spread'][1]:,.0f}]",
            f"{row['p99_ms']:.2f}",
            f"{row['answered']:,}",
            str(row["failed"]),
        )
    graph = f"load before {report['load_before']}, serving {report['graph']}"
    console.print(f"$ {report['command']}\n{facts}\n{graph}", highlight=False)
    console.print(table)
    if "ratio" in report:
        console.print(f"gateway / bentoml serve: {report['ratio']}x requests/s", highlight=False)
    console.print(f"gateway: {report['gateway']}", highlight=False)
