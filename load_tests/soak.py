"""``make soak``: hours of callers in minutes, good and bad mixed, and the gateway's memory watched.

A real gateway with two workers, a stable version, a canary and a shadow. Exit code 1 if memory
grows, a worker dies, a bad request gets a 5xx or a good one anything but its answer; 2 for bad
input. The last line of stdout is the report as JSON.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bentos.contract.errors import ContractError
from load_tests.growth import Sample, growth
from load_tests.installation.gateway import HOST, GatewayProcess
from load_tests.installation.site import VersionSite, version_site
from load_tests.soak_callers import SoakCallers

EXIT_HARM = 1
EXIT_BAD_INPUT = 2
SAMPLE_SECONDS = 1.0
LEAST_MINUTES = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the soak; returns the exit code."""
    options = _parse(arguments)
    try:
        _check(options)
    except ContractError as error:
        print(f"soak: {error}", file=sys.stderr)
        return EXIT_BAD_INPUT
    # Short: the paths of Unix sockets may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="sbx-") as name, version_site(Path(name)) as site:
        report = asyncio.run(soak(site, options.rate, options.minutes * 60))
    if not options.json:
        Console().print(_table(report))
    for text in report["harm"]:
        print(f"soak: {text}", file=sys.stderr)
    print(json.dumps(report, separators=(",", ":")))
    return EXIT_HARM if report["harm"] else 0


async def soak(site: VersionSite, rate: float, seconds: float) -> dict[str, Any]:
    """Load a running installation and judge what it did; the report as JSON values."""
    callers = SoakCallers(HOST, site.gateway.port, site.api_key, site.offsets)
    before = site.gateway.workers()
    samples: list[Sample] = []
    watching = asyncio.create_task(_watch(site.gateway, samples))
    await callers.run(rate, seconds)
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    return _report(callers, samples, before, site.gateway.workers())


def proportional_bytes(pid: int) -> int:
    """A process's memory in bytes, shared pages divided among those that share them (PSS)."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ContractError(f"/proc/{pid}/smaps_rollup", "a line Pss", "none")


async def _watch(gateway: GatewayProcess, samples: list[Sample]) -> None:
    started = time.monotonic()
    while True:
        try:
            size = await asyncio.to_thread(_size, gateway)
        except (ProcessLookupError, FileNotFoundError):
            pass  # a worker died just now: the report says so from its pids
        else:
            samples.append(Sample(time.monotonic() - started, size))
        await asyncio.sleep(SAMPLE_SECONDS)


def _size(gateway: GatewayProcess) -> int:
    return sum(map(proportional_bytes, (gateway.process.pid, *gateway.workers())))


def _report(
    callers: SoakCallers, samples: list[Sample], before: list[int], after: list[int]
) -> dict[str, Any]:
    judged = growth(samples)
    harm = list(callers.failures)
    if callers.failed > len(harm):
        harm.append(f"and {callers.failed - len(harm)} more")
    if before != after:
        harm.append(f"workers: expected {before} to live, got {after}")
    if judged.grows:
        harm.append(
            f"memory: expected at most {judged.limit / 1024:.0f} KiB of growth over the second "
            f"half, got {judged.total / 1024:.0f} KiB ({judged.per_minute / 1024:.0f} KiB a minute)"
        )
    return {
        "seconds": round(samples[-1].at),
        "requests": callers.requests,
        "statuses": dict(sorted(callers.statuses.items())),
        "failed": callers.failed,
        "pss_bytes": {
            "first": samples[0].size,
            "middle": samples[len(samples) // 2].size,
            "last": samples[-1].size,
            "samples": len(samples),
        },
        "growth": {
            "bytes_per_minute": round(judged.per_minute),
            "bytes": round(judged.total),
            "limit_bytes": round(judged.limit),
        },
        "harm": harm,
    }


def _table(report: dict[str, Any]) -> Table:
    table = Table(title=f"Soak: {report['requests']:,} requests in {report['seconds']} s")
    table.add_column("what was sent, and what came back")
    table.add_column("requests", justify="right")
    for what, count in report["statuses"].items():
        table.add_row(what, f"{count:,}")
    for name in ("first", "middle", "last"):
        table.add_row(f"memory (PSS), {name}", f"{report['pss_bytes'][name] / 2**20:.1f} MiB")
    table.add_row("growth a minute", f"{report['growth']['bytes_per_minute'] / 1024:.1f} KiB")
    return table


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m load_tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="of load (default 10)")
    parser.add_argument("--rate", type=float, default=400.0, help="requests a second (default 400)")
    parser.add_argument("--json", action="store_true", help="the report alone")
    return parser.parse_args(arguments)


def _check(options: argparse.Namespace) -> None:
    if not options.minutes >= LEAST_MINUTES:
        raise ContractError("--minutes", f"{LEAST_MINUTES} or more", options.minutes)
    if not 0 < options.rate <= 5000:
        raise ContractError("--rate", "more than 0, up to 5000", options.rate)


if __name__ == "__main__":
    sys.exit(main())
