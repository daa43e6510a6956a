"""``make bench``: the gateway against everything else that serves the same model, in one run.

Every server process runs on one core, the client on another. All sides are up at once and take
turns, round by round; whoever waits is frozen. Reported are medians over the rounds and their
spread. Exit code 1 if a floor is missed or a side fails, 2 for bad input.
"""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from bentos.contract.errors import ContractError
from load_tests import report, sweeps, table
from load_tests.bench_options import EFFECTS_PART, OVERLOAD, SWEEPS, Options, parse
from load_tests.bench_versions import FRAUD, build_versions, write_stand_in
from load_tests.effects import BASE, effects
from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.lineup import EFFECTS, Starters, start_all
from load_tests.model_rows import ModelRows
from load_tests.our_sides import OurSides
from load_tests.peer_sides import PeerSides
from load_tests.processes import memory, tree
from load_tests.rig import Rig
from load_tests.rounds import Figures, play
from load_tests.sides import Side, Sides, turn
from load_tests.wide_sides import start_wide

EXIT_MISSED = 1
EXIT_BAD_INPUT = 2
WIDTH = 140
# One-minute load average of a machine with nothing else to do.
BUSY = 0.5

Tell = Callable[[str], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; returns the exit code."""
    try:
        return _bench(parse(arguments))
    except ContractError as error:
        print(f"bench: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT


def _bench(options: Options) -> int:
    console = Console(stderr=True)
    usable = os.sched_getaffinity(0)
    server_core, client_core = _two_cores(usable)
    busy = os.getloadavg()[0]
    if busy > BUSY:
        console.print(
            f"other work runs here (load {busy:.1f}): no figure will hold", style="yellow"
        )
    with tempfile.TemporaryDirectory(prefix="sbx-") as name, ExitStack() as stack:
        rig = Rig(Path(name), server_core, stack)
        field, origin = _start(rig, options, lambda text: console.print(text, highlight=False))
        os.sched_setaffinity(0, {client_core})
        stack.callback(os.sched_setaffinity, 0, usable)
        made = report.frame(options.settings(), origin, busy)
        made["absent"] = field.sides.absent
        _measure(field, options, made, console)
    report.judge(made)
    wide = Console()
    table.show(made, wide if wide.is_terminal else Console(width=WIDTH))
    print(json.dumps(made, separators=(",", ":")))
    for problem in made["missed"]:
        console.print(f"bench: {problem}", style="red", highlight=False)
    return EXIT_MISSED if made["missed"] else 0


@dataclass(frozen=True)
class Field:
    """All that was started."""

    sides: Sides
    wide: dict[int, dict[str, Side]]

    def all(self) -> list[Side]:
        """Every side, the wide ones too."""
        more = [side for by_name in self.wide.values() for side in by_name.values()]
        return [*self.sides.running.values(), *more]


def _start(rig: Rig, options: Options, say: Tell) -> tuple[Field, str]:
    """Build the versions, start who is asked for; everybody is frozen then."""
    onnx, origin = _graph(options, rig.folder)
    store = rig.folder / "store"
    say(f"building fraud versions around {origin}")
    digests = build_versions(FRAUD, onnx, store)
    rows = ModelRows(SIGNATURE, SCHEMA)
    peers = PeerSides(rig, store, onnx, rows)
    starters = Starters(OurSides(rig, store, digests, rows), peers, tuple(digests))
    names = [*options.only, *(EFFECTS if EFFECTS_PART in options.parts else ())]
    sides = start_all(names, starters, rows, onnx, say)
    wide = {}
    if SWEEPS in options.parts and BASE in sides.running:
        wide = start_wide(rig, peers if "bentoml" in sides.running else None, store, say)
    field = Field(sides, wide)
    for side in field.all():
        side.freeze()
    _kill_shadow(sides)
    return field, origin


def _kill_shadow(sides: Sides) -> None:
    """The worker of the killed shadow dies as a killed process does; its socket stays behind."""
    side = sides.running.get("shadow_killed")
    if side is not None:
        for process in tree(side.victims):
            os.kill(process.pid, signal.SIGKILL)


def _two_cores(usable: set[int]) -> tuple[int, int]:
    if len(usable) < 2:
        raise ContractError("machine", "two usable cores: servers and client each get one", usable)
    first, second = sorted(usable)[:2]
    return first, second


def _graph(options: Options, folder: Path) -> tuple[Path, str]:
    """The graph to serve and where it comes from, in words."""
    if options.onnx is not None:
        return options.onnx.resolve(), "the graph named by --onnx"
    stand_in = folder / "stand_in.onnx"
    write_stand_in(stand_in)
    return stand_in, "a stand-in: trees of the usual size fitted on random rows"


def _measure(field: Field, options: Options, made: dict[str, Any], console: Console) -> None:
    """Fill the report: the table, overload, sweeps, effects, memory."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("measuring", total=None)

        def tell(text: str) -> None:
            progress.update(task, description=text)

        running = field.sides.running
        single = {name: Figures(running[name], 1) for name in options.only if name in running}
        many = {name: Figures(side.side, options.connections) for name, side in single.items()}
        plan = [figures for name in single for figures in (single[name], many[name])]
        overload = None
        if OVERLOAD in options.parts and BASE in many:
            overload = Figures(running[BASE], options.overload)
            plan.insert(plan.index(many[BASE]) + 1, overload)
        play(plan, options.rounds, options.seconds, tell)
        made["sides"] = {name: report.figure_row(single[name], many[name]) for name in single}
        made["overload"] = report.overload_row(many[BASE], overload) if overload else None
        made["compared"] = report.compared(made["sides"], made["overload"])
        if SWEEPS in options.parts:
            made["sweeps"] = _sweep(field, options, tell)
        if EFFECTS_PART in options.parts and BASE in many:
            capacity = made["sides"][BASE]["per_second"]
            made["effects"] = effects(running, capacity, options, tell)
        made["memory"] = {name: memory(side.pids) for name, side in running.items()}
        made["gateway"] = _status(running[BASE]) if BASE in running else None


def _sweep(field: Field, options: Options, tell: Tell) -> dict[str, list[dict[str, Any]]]:
    running, seconds = field.sides.running, options.sweep_seconds
    return {
        "connections": sweeps.over_connections(running, seconds, tell),
        "rows": sweeps.over_rows(running, seconds, tell),
        "features": sweeps.over_features(field.wide, seconds, options.connections, tell),
    }


def _status(side: Side) -> dict[str, Any]:
    with turn(side), urlopen(f"{side.url}/status", timeout=10) as answer:  # noqa: S310 - our own
        return report.gateway_facts(json.load(answer))


if __name__ == "__main__":
    sys.exit(main())
