"""``make faults``: what callers see while something breaks, fault by fault.

A real gateway with two workers under steady load; each fault is injected, repaired, and held
against what must be: no failure a caller sees, no acknowledged decision lost. Exit code 1 if
anything was missed, 2 for bad input.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from bentos.contract.errors import ContractError
from load_tests.fault_list import GROUPS, NAMES, Group
from load_tests.fault_list.fault import Fault
from load_tests.fault_list.trial import try_out
from load_tests.fault_list.verdict import Verdict

EXIT_MISSED = 1
EXIT_BAD_INPUT = 2
WIDTH = 140


def main(arguments: Sequence[str] | None = None) -> int:
    """Try out the faults; returns the exit code."""
    options = _parse(arguments)
    try:
        _check(options)
    except ContractError as error:
        print(f"faults: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=len(options.only))

        def tell(text: str) -> None:
            progress.update(task, description=text)

        verdicts = []
        for verdict in run(options.only, options.seconds, tell):
            verdicts.append(verdict)
            progress.advance(task)
    wide = Console()
    return conclude(verdicts, wide if wide.is_terminal else Console(width=WIDTH))


def run(
    only: Sequence[str], seconds: float, tell: Callable[[str], None] = lambda _: None
) -> Iterator[Verdict]:
    """Try out the faults named by ``only``, ``seconds`` of load each; one verdict a fault."""
    for group in GROUPS:
        wanted = [fault for fault in group.faults if fault.name in only]
        if not wanted:
            continue
        tell(f"starting an installation for {group.name}")
        try:
            yield from _try_group(group, wanted, seconds, tell)
        except ContractError as error:
            # What this machine lacks: said, and a miss.
            for fault in wanted:
                yield Verdict(fault.name, fault.what, missed=[f"not tried out: {error}"])


def _try_group(
    group: Group, wanted: Sequence[Fault[Any]], seconds: float, tell: Callable[[str], None]
) -> Iterator[Verdict]:
    # Short: the paths of Unix sockets may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sbx-") as name, group.opened(Path(name)) as site:
        for fault in wanted:
            tell(fault.name)
            yield asyncio.run(try_out(fault, site, seconds))


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m load_tests.faults", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="of load per fault, beside recovery (default 5)"
    )
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=list(NAMES),
        metavar="NAME,…",
        help=f"some of {', '.join(NAMES)}",
    )
    return parser.parse_args(arguments)


def _check(options: argparse.Namespace) -> None:
    if not options.seconds >= 1:
        raise ContractError("--seconds", "1 or more", options.seconds)
    for name in options.only:
        if name not in NAMES:
            raise ContractError("--only", f"some of {', '.join(NAMES)}", name)


def conclude(verdicts: Sequence[Verdict], console: Console) -> int:
    """Print the table and, as the last line, the whole report as JSON; the exit code."""
    console.print(_table(verdicts))
    missed = [f"{one.name}: {text}" for one in verdicts for text in one.missed]
    for text in missed:
        print(f"faults: {text}", file=sys.stderr)
    report = {"faults": [asdict(one) for one in verdicts], "missed": missed}
    print(json.dumps(report, separators=(",", ":")))
    return EXIT_MISSED if missed else 0


def _table(verdicts: Sequence[Verdict]) -> Table:
    table = Table(title="Faults")
    table.add_column("fault", no_wrap=True)
    for title in ("requests", "failures", "excused", "fallbacks", "acknowledged", "found"):
        table.add_column(title, justify="right")
    for title in ("back after", "felt", ""):
        table.add_column(title)
    for one in verdicts:
        counts = (one.requests, one.failures, one.excused, one.fallbacks)
        table.add_row(
            one.name,
            *map(str, (*counts, one.acknowledged, one.found)),
            "never" if one.recovered_s is None else f"{one.recovered_s:.2f} s",
            one.felt or "–",
            "[red]missed[/]" if one.missed else "[green]held[/]",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
