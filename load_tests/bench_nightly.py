"""``make bench-nightly``: a night over ten million order lines, beside the same in plain pandas.

    python -m load_tests.bench_nightly                               1, 3 and 10 million lines
    python -m load_tests.bench_nightly --lines 100000 1000000
    python -m load_tests.bench_nightly --plain-lines 1000000         pandas at that size alone

The orders are a real set, scaled. First both sides' results are compared row by row at a small
size. The last line of stdout is the report as JSON. Exit code 0: every floor held; 1: one was
missed; 2: an option makes no sense.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from load_tests import bench_audit
from load_tests.audit_part import Part
from load_tests.nightly import part, scaled_orders


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.bench_nightly")
    bench_audit.add_folder(parser)
    sizes = [1_000_000, 3_000_000, 10_000_000]
    parser.add_argument("--lines", type=int, nargs="*", default=sizes, help="sizes of the nights")
    parser.add_argument("--plain-lines", type=int, nargs="*", help="of pandas; as --lines")
    parser.add_argument("--compared-lines", type=int, default=100_000, help="compared row by row")
    parser.add_argument(
        "--online-retail", type=Path, default=scaled_orders.REAL, help="the set that is scaled"
    )
    options = parser.parse_args(arguments)
    options.parts = ["nightly"]
    return bench_audit.run({"nightly": _measure}, options)


def _measure(options: argparse.Namespace, folder: Path, console: Console) -> Part:
    real = scaled_orders.real_set(options.online_retail)
    plain = options.lines if options.plain_lines is None else options.plain_lines
    bench = part.Bench(real=real, folder=folder, console=console)
    wrong = bench.compare(options.compared_lines)
    for lines in options.lines:
        bench.measure(lines, plain=lines in plain)
    return bench.part(wrong)


if __name__ == "__main__":
    sys.exit(main())
