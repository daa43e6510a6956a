"""``make bench-propagation``: from the commit of a change to the first decision that obeys it.

A real control plane and gateways of one worker each, every worker asked a thousand times a
second. Exit code 1 below a floor, 2 for bad input. The last line of stdout is the report as JSON.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvloop
from rich.console import Console

from bentos.contract.errors import ContractError
from load_tests.installation.process import Process
from load_tests.propagation.gateways import Gateways
from load_tests.propagation.plane import CANARY, STABLE, Plane
from load_tests.propagation.prober import Effort, Prober
from load_tests.propagation.propagation_report import Run, make_report, show
from load_tests.propagation.trials import Latencies, Trials
from load_tests.propagation.wire import Wire

SOCKET = "version.sock"
PAGE = 120
EXIT_FLOOR = 1
EXIT_BAD_INPUT = 2
SCENARIOS = ("steady", "kill", "idle", "restart", "dropped", "half-open")
BEHIND_A_WIRE = frozenset({"dropped", "half-open"})
SLOW = frozenset({"restart", "half-open"})


@dataclass(frozen=True)
class Options:
    """What is run. ``slow`` publishes of those scenarios in which an outage takes seconds."""

    only: tuple[str, ...]
    publishes: int
    slow: int
    workers: int
    idle: int
    models: int
    versions: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; returns the exit code."""
    try:
        options = _parse(arguments)
    except ContractError as error:
        print(f"bench-propagation: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    load = os.getloadavg()[0]
    # Short: the paths of Unix sockets may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sbx-") as name, _plane(Path(name), options) as plane:
        runs = uvloop.run(_measure(plane, options))
    report = make_report(runs, options.workers, load)
    show(report, Console(width=None if sys.stdout.isatty() else PAGE))
    for problem in report["problems"]:
        print(f"bench-propagation: {problem}", file=sys.stderr)
    print(json.dumps(report, separators=(",", ":")))
    return EXIT_FLOOR if report["problems"] else 0


@contextmanager
def _plane(folder: Path, options: Options) -> Iterator[Plane]:
    plane = Plane(folder / "home")
    with ExitStack() as stack:
        version = _start_version(folder)
        stack.callback(version.stop)
        address = (f"unix:{folder / SOCKET}",)
        addresses: dict[str, tuple[str, ...]] = {STABLE: address, CANARY: address}
        subprocess.run(
            [sys.executable, "-m", "control_plane.init"],
            env={**os.environ, **plane.environment},
            check=True,
            capture_output=True,
        )
        stack.callback(plane.stop)
        plane.start()
        plane.set_up(options.models, options.versions, addresses)
        yield plane


def _start_version(folder: Path) -> Process:
    """One process is both versions: which one decided, the gateway says."""
    socket = folder / SOCKET
    arguments = ["load_tests.propagation.constant_version", "--uds", str(socket)]
    process = Process("version", arguments, folder / "version.log", {})
    process.start()
    process.wait_until(socket.exists, "its socket")
    return process


async def _measure(plane: Plane, options: Options) -> list[Run]:
    """All scenarios that were asked for; gateways are started anew behind the wire."""
    runs = []
    direct = [name for name in options.only if name not in BEHIND_A_WIRE]
    wired = [name for name in options.only if name in BEHIND_A_WIRE]
    if direct:
        runs += await _at(plane.url, plane, direct, options, None)
    if wired:
        wire = await Wire.open(plane.port)
        runs += await _at(f"http://127.0.0.1:{wire.port}", plane, wired, options, wire)
        await wire.close()
    return runs


async def _at(
    url: str, plane: Plane, names: Sequence[str], options: Options, wire: Wire | None
) -> list[Run]:
    gateways = Gateways(plane.home, url, options.workers)
    prober = Prober(gateways.ports, plane.caller)
    try:
        gateways.start()
        await prober.open()
        trials = Trials(plane, prober)
        await trials.steady(3)  # nobody's first publish is timed
        return [await _run(name, trials, prober, plane, options, wire) for name in names]
    finally:
        prober.close()
        await plane.forget_connection()
        await asyncio.to_thread(gateways.stop)


async def _run(
    name: str,
    trials: Trials,
    prober: Prober,
    plane: Plane,
    options: Options,
    wire: Wire | None,
) -> Run:
    print(f"{name} …", file=sys.stderr, flush=True)
    prober.effort = Effort(per_worker=[0] * options.workers)
    count = min(options.slow, options.publishes) if name in SLOW else options.publishes
    if name == "steady":
        found = await trials.steady(count)
    elif name == "kill":
        found = await trials.kills(count)
    elif name == "restart":
        found = await trials.restarts(count)
    elif name == "idle":
        found = await _with_idle(trials, plane, options, count)
    else:
        assert wire is not None
        trial = trials.dropped if name == "dropped" else trials.half_open
        found = await trial(count, wire)
    return Run(name, found, prober.effort, prober.failures())


async def _with_idle(trials: Trials, plane: Plane, options: Options, count: int) -> Latencies:
    log = plane.home.parent / "subscribers.log"
    key = plane.home / "keys" / "gateway.key"
    arguments = [str(plane.port), str(key), str(options.idle)]
    process = Process("subscribers", ["load_tests.propagation.subscribers", *arguments], log, {})
    process.start()
    try:
        await asyncio.to_thread(
            process.wait_until, lambda: "listening" in log.read_text(), "its streams"
        )
        return await trials.steady(count)
    finally:
        await asyncio.to_thread(process.stop)


def _parse(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m load_tests.bench_propagation")
    parser.add_argument("--only", default=",".join(SCENARIOS), help=f"of {','.join(SCENARIOS)}")
    parser.add_argument("--publishes", type=int, default=200, help="of each scenario (200)")
    parser.add_argument(
        "--slow", type=int, default=200, help="of restart and half-open, two an outage (200)"
    )
    parser.add_argument("--workers", type=int, default=4, help="gateway workers (4)")
    parser.add_argument("--idle", type=int, default=1000, help="idle subscribers (1000)")
    parser.add_argument("--models", type=int, default=7, help="models beside the probed one (7)")
    parser.add_argument("--versions", type=int, default=4, help="versions of each of them (4)")
    parser.add_argument("--quick", action="store_true", help="20 publishes, 6 of the slow ones")
    found = parser.parse_args(arguments)
    only = tuple(name for name in found.only.split(",") if name)
    for name in only:
        if name not in SCENARIOS:
            raise ContractError("--only", f"some of {', '.join(SCENARIOS)}", name)
    for name in ("publishes", "slow", "workers", "idle"):
        if getattr(found, name) < 1:
            raise ContractError(f"--{name}", "1 or more", getattr(found, name))
    publishes, slow = (20, 6) if found.quick else (found.publishes, found.slow)
    return Options(only, publishes, slow, found.workers, found.idle, found.models, found.versions)


if __name__ == "__main__":
    sys.exit(main())
