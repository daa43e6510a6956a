"""What came of the runs: figures, claims with their floors, and a table for people."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from bentos.contract.documents import HEARTBEAT_SECONDS
from load_tests.floors import Claim
from load_tests.machine import describe
from load_tests.propagation.prober import PERIOD_SECONDS, Effort
from load_tests.propagation.trials import Latencies

TWO_HEARTBEATS_MS = 2 * HEARTBEAT_SECONDS * 1000
WHAT = {
    "steady": "nothing is wrong",
    "kill": "a kill, nothing is wrong",
    "idle": "beside idle subscribers",
    "restart": "killed before it published; from listening again",
    "dropped": "streams reset during the change",
    "half-open": "connections silent from before the change",
}


@dataclass(frozen=True)
class Run:
    """One scenario's latencies and what it took to see them."""

    name: str
    found: Latencies
    effort: Effort
    failures: list[str]


def make_report(runs: Sequence[Run], workers: int, load: float) -> dict[str, Any]:
    """All figures as JSON values. ``problems`` names what must not be."""
    claims = [claim for run in runs for claim in _claims(run)]
    problems = [claim.problem() for claim in claims if claim.missed]
    for run in runs:
        if run.found.late:
            problems.append(f"{run.name}: {run.found.late} publishes were never obeyed by all")
        problems += [f"{run.name}: a probe failed: {text}" for text in run.failures[:3]]
    return {
        "workers": workers,
        "probes_per_second": 1 / PERIOD_SECONDS,
        "machine": describe(),
        "load_before": round(load, 2),
        "niceness": os.nice(0),
        "scenarios": {run.name: _row(run) for run in runs},
        "claims": [claim.row() for claim in claims],
        "problems": problems,
    }


def _row(run: Run) -> dict[str, Any]:
    found, effort = run.found, run.effort
    rates = [count / effort.seconds for count in effort.per_worker] if effort.seconds else []
    return {
        "publishes": found.publishes,
        "samples": len(found.values),
        "p50_ms": round(found.quantile(0.5), 2) if found.values else None,
        "p99_ms": round(found.quantile(0.99), 2) if found.values else None,
        "max_ms": round(max(found.values), 2) if found.values else None,
        "never": found.late,
        "failed_probes": len(run.failures),
        "answers_per_second": {"least": round(min(rates)), "most": round(max(rates))},
        "prober_cpu_share": round(effort.cpu_seconds / effort.seconds, 3),
    }


def _claims(run: Run) -> list[Claim]:
    found = run.found
    p99 = found.quantile(0.99) if found.values else None
    worst = max(found.values, default=None)
    if run.name == "steady":
        return [Claim("steady", "steady p99, ms", 100, 50, p99, at_least=False)]
    if run.name == "kill":
        return [Claim("kill", "kill p99, ms", 50, 25, p99, at_least=False)]
    limit = TWO_HEARTBEATS_MS
    return [Claim(run.name, f"{run.name} max, ms", limit, limit, worst, at_least=False)]


def show(report: dict[str, Any], console: Console) -> None:
    """The report as tables."""
    facts = ", ".join(f"{name} {value}" for name, value in report["machine"].items())
    console.print(f"{facts}\nload before {report['load_before']}", highlight=False)
    table = Table(title=f"commit to decision, {report['workers']} workers, ms")
    for column in ("scenario", "", "publishes", "p50", "p99", "max", "probes/s", "prober CPU"):
        table.add_column(column, justify="left" if column in ("scenario", "") else "right")
    for name, row in report["scenarios"].items():
        rates = row["answers_per_second"]
        table.add_row(
            name,
            WHAT[name],
            str(row["publishes"]),
            *(str(row[key]) for key in ("p50_ms", "p99_ms", "max_ms")),
            f"{rates['least']}-{rates['most']}",
            f"{row['prober_cpu_share']:.0%}",
        )
    console.print(table)
    for claim in report["claims"]:
        held = "held" if claim["floor_held"] else "MISSED"
        reached = "reached" if claim["reached"] else "not reached"
        console.print(
            f"{claim['text']}: {claim['value']} (floor {claim['floor']:g} {held}, "
            f"target {claim['target']:g} {reached})",
            highlight=False,
        )
