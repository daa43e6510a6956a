"""The demo's command line."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bentos.contract.errors import ContractError

DEFAULT_STORY_SECONDS = 90.0
SHORTEST_STORY_SECONDS = 30.0
DEFAULT_PORT_BASE = 8080
_DURATION = re.compile(r"^(\d+(?:\.\d+)?)(s|m|h)?$")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True, kw_only=True)
class Options:
    """``story_seconds``: how long shoppers are replayed; ``hold``: stay up until Ctrl-C."""

    home: Path
    orders: Path | None
    mapping: str | None
    story_seconds: float
    hold: bool
    json: bool
    port_base: int


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; raises ContractError for values, exits with 2 for grammar."""
    parser = argparse.ArgumentParser(prog="make demo ARGS=…", description=__doc__)
    parser.add_argument("--for", dest="duration", metavar="60s", help="replay this long, then end")
    parser.add_argument("--json", action="store_true", help="no screen; last line is the result")
    parser.add_argument("--orders", type=Path, metavar="PATH", help="order lines, Parquet or CSV")
    parser.add_argument("--mapping", metavar="NAME|FILE", help="what the columns of --orders mean")
    parser.add_argument("--home", type=Path, default=Path("var"), help="default ./var")
    parser.add_argument(
        "--port-base",
        type=int,
        default=DEFAULT_PORT_BASE,
        metavar="N",
        help="gateway on N, control plane on N+1 (default 8080)",
    )
    given = parser.parse_args(arguments)
    seconds = None if given.duration is None else duration(given.duration)
    if not 1 <= given.port_base <= 65_534:
        raise ContractError("--port-base", "a port from 1 to 65534", given.port_base)
    if given.orders is not None and not given.orders.is_file():
        raise ContractError("--orders", "a Parquet or CSV file", str(given.orders))
    if given.mapping is not None and given.orders is None:
        raise ContractError("--mapping", "to come with --orders", given.mapping)
    return Options(
        home=given.home.absolute(),
        orders=None if given.orders is None else given.orders.absolute(),
        mapping=given.mapping,
        story_seconds=DEFAULT_STORY_SECONDS if seconds is None else seconds,
        hold=seconds is None and not given.json,
        json=given.json,
        port_base=given.port_base,
    )


def duration(text: str) -> float:
    """Seconds of ``90``, ``60s``, ``1.5m`` or ``1h``; below 30 s a step would mean nothing."""
    match = _DURATION.match(text)
    if match is None:
        raise ContractError("--for", "a duration like 60s or 5m", text)
    seconds = float(match[1]) * _SECONDS[match[2] or "s"]
    if seconds < SHORTEST_STORY_SECONDS:
        raise ContractError("--for", f"at least {SHORTEST_STORY_SECONDS:g}s", text)
    return seconds
