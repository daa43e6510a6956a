"""``make bench``: the gateway against ``bentoml serve`` called directly.

Every server process runs on one core, the client on another. All sides are up at once and take
turns, round by round, so that whatever else the machine does hits them alike. Reported are
medians over the rounds and their spread. Exit code 1 if a floor is missed, 2 for bad input.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import uvloop
from rich.console import Console
from rich.progress import Progress

from bentos.contract.errors import ContractError
from load_tests import report
from load_tests.fraud_versions import trained_onnx, write_stand_in
from load_tests.http_load import LoadResult, run_load
from load_tests.report import Figures
from load_tests.sides import NAMES, Side, Sides, build_versions, running

EXIT_MISSED = 1
EXIT_BAD_INPUT = 2
WARM_SECONDS = 1.0
WIDTH = 120
# One-minute load average of a machine with nothing else to do.
BUSY = 0.5


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
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=NAMES,
        metavar="SIDES",
        help=f"some of {','.join(NAMES)}",
    )
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
            figures = _measure(
                [side for side in sides.all if side.name in options.only], options, console
            )
            status = _status(sides)
    os.sched_setaffinity(0, usable)
    made = report.compose(figures, status, options, origin, busy)
    wide = Console()
    report.show(made, wide if wide.is_terminal else Console(width=WIDTH))
    print(json.dumps(made, separators=(",", ":")))
    for problem in made["missed"]:
        console.print(f"bench: {problem}", style="red")
    return EXIT_MISSED if made["missed"] else 0


def _check(options: argparse.Namespace) -> None:
    for name in ("rounds", "connections", "seconds"):
        if getattr(options, name) <= 0:
            raise ContractError(f"--{name}", "more than 0", getattr(options, name))
    for name in options.only:
        if name not in NAMES:
            raise ContractError("--only", f"some of {','.join(NAMES)}", name)


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


if __name__ == "__main__":
    sys.exit(main())
