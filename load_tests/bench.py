"""``make bench``: the gateway against ``bentoml serve`` called directly.

Every server process runs on one core, the client on another. All sides are up at once and take
turns, round by round, so that whatever else the machine does hits them alike. Reported are
medians over the rounds and their spread. Exit code 1 if a floor is missed, 2 for bad input.
"""

import argparse
import json
import math
import os
import shlex
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bentos.contract.errors import ContractError
from load_tests import machine
from load_tests.fraud_versions import trained_onnx, write_stand_in
from load_tests.http_load import LoadResult, run_load
from load_tests.sides import CANARY_WEIGHT, Side, Sides, build_versions, running

EXIT_MISSED = 1
EXIT_BAD_INPUT = 2
MIN_RATIO = 5.0
WARM_SECONDS = 1.0
WIDTH = 120
# One-minute load average of a machine with nothing else to do.
BUSY = 0.5


@dataclass
class Figures:
    """One side's rounds: at one connection and at many."""

    single: list[LoadResult] = field(default_factory=list)
    many: list[LoadResult] = field(default_factory=list)
    warm: list[LoadResult] = field(default_factory=list)

    @property
    def p50_ms(self) -> list[float]:
        """Median latency of each round at one connection, milliseconds."""
        return [result.percentile_ms(0.5) for result in self.single]

    @property
    def per_second(self) -> list[float]:
        """Requests per second of each round at many connections."""
        return [result.per_second for result in self.many]

    @property
    def p99_ms(self) -> list[float]:
        """99th percentile of each round at many connections, milliseconds."""
        return [result.percentile_ms(0.99) for result in self.many]

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    options = _parse(arguments)
    try:
        return _bench(options)
    except ContractError as error:
        print(f"bench: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m load_tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="rounds per side (default 5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--connections", type=int, default=128, help="of the throughput rounds")
    parser.add_argument("--only", help="sides to run, separated by commas")
    parser.add_argument("--onnx", type=Path, help="fraud graph to serve")
    return parser.parse_args(arguments)


def _bench(options: argparse.Namespace) -> int:
    console = Console(stderr=True)
    usable = os.sched_getaffinity(0)
    server_core, client_core = _two_cores(usable)
    _check(options)
    busy = os.getloadavg()[0]
    if busy > BUSY:
        console.print(
            f"other work runs here (load {busy:.1f}): no figure will hold", style="yellow"
        )
    with tempfile.TemporaryDirectory(prefix="sbx-") as name:
        folder = Path(name)
        onnx, origin = _graph(options, folder)
        console.print(f"building two fraud versions around {origin}")
        digests = build_versions(onnx, folder / "store")
        console.print("starting the servers")
        with running(folder, folder / "store", digests, server_core) as sides:
            os.sched_setaffinity(0, {client_core})
            figures = _measure(_chosen(sides, options.only), options, console)
            status = _status(sides)
    os.sched_setaffinity(0, usable)
    report = _report(figures, status, options, origin, busy)
    wide = Console()
    _show(report, wide if wide.is_terminal else Console(width=WIDTH))
    print(json.dumps(report, separators=(",", ":")))
    for problem in report["missed"]:
        console.print(f"bench: {problem}", style="red")
    return EXIT_MISSED if report["missed"] else 0


def _check(options: argparse.Namespace) -> None:
    for name in ("rounds", "connections", "seconds"):
        if getattr(options, name) <= 0:
            raise ContractError(f"--{name}", "more than 0", getattr(options, name))


def _two_cores(usable: set[int]) -> tuple[int, int]:
    if len(usable) < 2:
        raise ContractError("machine", "two usable cores: servers and client each get one", usable)
    first, second = sorted(usable)[:2]
    return first, second


def _graph(options: argparse.Namespace, folder: Path) -> tuple[Path, str]:
    """The graph to serve and where it comes from, in words."""
    if options.onnx is not None:
        if not options.onnx.is_file():
            raise ContractError("--onnx", "a file", str(options.onnx))
        return options.onnx, "the graph named by --onnx"
    trained = trained_onnx(Path(os.environ.get("SIGNALBOX_HOME", "var")))
    if trained is not None:
        return trained, f"the newest graph trained here ({trained.parent.name})"
    stand_in = folder / "stand_in.onnx"
    write_stand_in(stand_in)
    return stand_in, "a stand-in: trees of the usual size fitted on random rows"


def _chosen(sides: Sides, only: str | None) -> list[Side]:
    if only is None:
        return list(sides.all)
    names = only.split(",")
    known = {side.name: side for side in sides.all}
    for name in names:
        if name not in known:
            raise ContractError("--only", f"some of {sorted(known)}", name)
    return [known[name] for name in names]


def _measure(
    sides: list[Side], options: argparse.Namespace, console: Console
) -> dict[str, tuple[Side, Figures]]:
    figures = {side.name: (side, Figures()) for side in sides}
    with Progress(console=console) as progress:
        task = progress.add_task("warming up", total=len(sides) * (1 + options.rounds))
        for side, taken in figures.values():
            taken.warm.append(_load(side, taken, options.connections, WARM_SECONDS))
            progress.advance(task)
        for number in range(1, options.rounds + 1):
            for side, taken in figures.values():
                progress.update(task, description=f"round {number}: {side.name}")
                taken.single.append(_load(side, taken, 1, options.seconds))
                taken.many.append(_load(side, taken, options.connections, options.seconds))
                progress.advance(task)
    return figures


def _load(side: Side, taken: Figures, connections: int, seconds: float) -> LoadResult:
    # Go on with the keys where the last round stopped, else short rounds see the same few.
    start = taken.answered % len(side.requests)
    requests = side.requests[start:] + side.requests[:start]
    return uvloop.run(run_load(side.target, requests, connections, seconds))


def _status(sides: Sides) -> dict[str, Any]:
    with urlopen(f"{sides.gateway_url}/status", timeout=10) as answer:  # noqa: S310 - our own
        status: dict[str, Any] = json.load(answer)
        return status


def _report(
    figures: dict[str, tuple[Side, Figures]],
    status: dict[str, Any],
    options: argparse.Namespace,
    origin: str,
    busy: float,
) -> dict[str, Any]:
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
    if {"gateway", "bentoml"} <= set(rows):
        report["ratio"] = round(rows["gateway"]["per_second"] / rows["bentoml"]["per_second"], 2)
    report["missed"] = _missed(report)
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
    canary = answered[max(answered)] / total if total else math.nan
    return {
        "decisions_written": status["decisions"]["written"],
        "decisions_lost": status["decisions"]["lost"],
        "canary_answers": round(canary, 4),
        "canary_weight": CANARY_WEIGHT,
        "rows_per_batch": round(total / max(1, _batches(status)), 1),
    }


def _batches(status: dict[str, Any]) -> int:
    return sum(lane["batches"] for lane in status["lanes"].values())


def _missed(report: dict[str, Any]) -> list[str]:
    rows, missed = report["sides"], []
    for name, row in rows.items():
        if row["failed"]:
            missed.append(f"{name}: {row['failed']} requests failed: {row['failures'][:1]}")
    if "gateway" in rows:
        facts = report["gateway"]
        if facts["decisions_written"] < rows["gateway"]["answered"] or facts["decisions_lost"]:
            missed.append(f"gateway: not every answer has its decision: {facts}")
    if "ratio" in report:
        if report["ratio"] < MIN_RATIO:
            missed.append(f"throughput: expected at least {MIN_RATIO}x, got {report['ratio']}x")
        if rows["gateway"]["p50_ms"] >= rows["bentoml"]["p50_ms"]:
            missed.append("c=1 p50: expected the gateway below bentoml serve")
    return missed


def _show(report: dict[str, Any], console: Console) -> None:
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


if __name__ == "__main__":
    sys.exit(main())
