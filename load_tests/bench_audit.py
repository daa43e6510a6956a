"""``make bench-audit``: what the register and the decision archive hold up to.

    python -m load_tests.bench_audit                       both parts at full size
    python -m load_tests.bench_audit events --events 100000

Each part fills a fresh folder with its data, through the product's own code, and asks it. The
last line of stdout is the report as JSON. Exit code 0: every floor held; 1: one was missed; 2: an
option makes no sense.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bentos.contract.errors import ContractError
from load_tests import audit_decisions, audit_events, machine
from load_tests.audit_part import Part

EXIT_BAD_INPUT = 2
Measure = Callable[[argparse.Namespace, Path, Console], Part]
PARTS: dict[str, Measure] = {
    "events": audit_events.measure,
    "decisions": audit_decisions.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the parts asked for."""
    return run(PARTS, _options(arguments))


def run(known: Mapping[str, Measure], options: argparse.Namespace) -> int:
    """Run ``options.parts`` of those known, or all; 1 when a floor was missed.

    2 where ``options.folder`` is named and can be neither found nor made.
    """
    try:
        _make(options.folder)
    except ContractError as error:
        print(f"bench: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    console = Console(stderr=True)
    parts = []
    for name in options.parts or known:
        before = os.getloadavg()[0]
        console.print(f"{name}: load average of the minute before: {before:.1f}", highlight=False)
        with tempfile.TemporaryDirectory(prefix=f"sbx-{name}-", dir=options.folder) as folder:
            part = known[name](options, Path(folder), console)
        part.figures["load average before"] = before
        show(name, part, console)
        parts.append((name, part))
    missed = [claim for _, part in parts for claim in part.claims if claim.missed]
    for claim in missed:
        print(f"missed: {claim.problem()}", file=sys.stderr)
    print(json.dumps(report(parts), separators=(",", ":")))
    return 1 if missed else 0


def add_folder(parser: argparse.ArgumentParser) -> None:
    """The option that each of these benches has."""
    told = "where the data is put, on a real disk; made where it is not there"
    parser.add_argument("--folder", type=Path, help=told)


def _make(folder: Path | None) -> None:
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        expected = "a folder, or a place where one can be made"
        raise ContractError("--folder", expected, str(folder), f"{error.strerror}.") from error


def report(parts: Sequence[tuple[str, Part]]) -> dict[str, Any]:
    """All parts as one JSON object."""
    return {
        "machine": machine.describe(),
        "parts": {
            name: {
                "figures": part.figures,
                "claims": [claim.row() for claim in part.claims],
                "notes": part.notes,
            }
            for name, part in parts
        },
    }


def show(name: str, part: Part, console: Console) -> None:
    """The table for people."""
    table = Table(title=name)
    for column in ("what", "value", "to reach"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for claim in part.claims:
        sign = "≥" if claim.at_least else "≤"
        value = "not measured" if claim.value is None else f"{claim.value:,.2f}"
        verdict = "  MISSED" if claim.missed else ""
        table.add_row(claim.text, value, f"{sign} {claim.floor:g}{verdict}")
    table.add_section()
    for text, figure in part.figures.items():
        table.add_row(text, f"{figure:,.3f}" if isinstance(figure, float) else str(figure), "")
    console.print(table)
    for note in part.notes:
        console.print(f"note: {note}", highlight=False)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m load_tests.bench_audit")
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="all unless named")
    add_folder(parser)
    audit_events.add_options(parser)
    audit_decisions.add_options(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
