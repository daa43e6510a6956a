"""Options of ``make bench``."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bentos.contract.errors import ContractError
from load_tests.effects import MIN_PAIRS
from load_tests.lineup import APART, NEEDS, TABLE

TABLE_PART, OVERLOAD, SWEEPS, EFFECTS_PART = "table", "overload", "sweeps", "effects"
PARTS = (TABLE_PART, OVERLOAD, SWEEPS, EFFECTS_PART)
SIDES = (*TABLE, *APART)


@dataclass(frozen=True)
class Options:
    """What to measure, how long, how often."""

    rounds: int = 5
    seconds: float = 2.0
    connections: int = 128
    overload: int = 512
    pairs: int = MIN_PAIRS
    pair_seconds: float = 2.5
    sweep_seconds: float = 1.0
    only: tuple[str, ...] = SIDES
    parts: tuple[str, ...] = PARTS
    onnx: Path | None = None

    def settings(self) -> dict[str, Any]:
        """What the report says of them."""
        return {
            "rounds": self.rounds,
            "seconds": self.seconds,
            "connections": self.connections,
            "pairs": self.pairs,
            "parts": list(self.parts),
        }


QUICK = Options(rounds=2, seconds=1.0, parts=(TABLE_PART, OVERLOAD))


def parse(arguments: Sequence[str] | None) -> Options:
    """Read the command line; raises ContractError naming a bad option."""
    given = vars(_parser().parse_args(arguments))
    quick, no_peers = given.pop("quick"), given.pop("no_peers")
    options = QUICK if quick else Options()
    changed = {name: value for name, value in given.items() if value is not None}
    options = replace(options, **changed)
    _check(options)
    asked = set(options.only) - (NEEDS.keys() if no_peers else set())
    return replace(options, only=tuple(name for name in SIDES if name in asked))


def _parser() -> argparse.ArgumentParser:
    default = Options()
    parser = argparse.ArgumentParser(prog="python -m load_tests.bench")
    for name, kind, text in (
        ("rounds", int, "rounds per side"),
        ("seconds", float, "of each round"),
        ("connections", int, "of the throughput rounds"),
        ("overload", int, "connections of the overload rounds"),
        ("pairs", int, f"pairs of each effect, {MIN_PAIRS} or more"),
        ("pair_seconds", float, "of half a pair"),
        ("sweep_seconds", float, "of a point of a sweep"),
    ):
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=kind,
            metavar=kind.__name__.upper(),
            help=f"{text} (default {getattr(default, name)})",
        )
    parser.add_argument("--only", type=_names, metavar="SIDES", help=f"some of {','.join(SIDES)}")
    parser.add_argument("--parts", type=_names, metavar="PARTS", help=f"some of {','.join(PARTS)}")
    parser.add_argument("--no-peers", action="store_true", help="only what this project installs")
    parser.add_argument("--quick", action="store_true", help="two short rounds, no sweeps, effects")
    parser.add_argument("--onnx", type=Path, help="fraud graph to serve")
    return parser


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _check(options: Options) -> None:
    for name in ("rounds", "connections", "overload", "seconds", "pair_seconds", "sweep_seconds"):
        if getattr(options, name) <= 0:
            raise ContractError(
                f"--{name.replace('_', '-')}", "more than 0", getattr(options, name)
            )
    if options.pairs < MIN_PAIRS:
        raise ContractError("--pairs", f"{MIN_PAIRS} or more", options.pairs)
    for field, known in (("only", SIDES), ("parts", PARTS)):
        for name in getattr(options, field):
            if name not in known:
                raise ContractError(f"--{field}", f"some of {','.join(known)}", name)
    if options.onnx is not None and not options.onnx.is_file():
        raise ContractError("--onnx", "a file", str(options.onnx))
