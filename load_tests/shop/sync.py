"""The sync of a shop: how fast and how large it is, what kills do to it, how it uses the bucket.

The stand-in runs on an accelerated clock, which the sync's process runs on too. What the lake
holds in the end is compared with the stand-in's records, row for row, by a reading of its own.
How often and when it is killed is in ``sync_kills``.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from bentos.shopify_admin.connection import Connection, ConnectionStore
from load_tests.audit_part import Part
from load_tests.floors import Claim
from load_tests.shop.source_rows import differing
from load_tests.shop.sync_kills import Kills

ROOT = Path(__file__).resolve().parents[2]
MEMORY_MB = 300.0
USED = 0.9


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the sync's part can be told."""
    parser.add_argument(
        "--sync-lines",
        type=int,
        nargs="*",
        default=[100_000, 300_000, 1_000_000],
        help="order lines of the shops that are synced (default: 0.1, 0.3 and 1 million)",
    )
    parser.add_argument("--sync-kills", type=int, default=20, help="kill -9 so often (default 20)")
    parser.add_argument("--sync-rate", type=float, default=20.0, help="the clock's (default 20)")
    parser.add_argument("--sync-paged-lines", type=int, default=100_000)
    parser.add_argument("--sync-orders", default="generated:20000", help="the set that is scaled")


@dataclass(frozen=True)
class Ran:
    """One undisturbed sync: seconds by our clock, its processor time, peak of its memory."""

    seconds: float
    processor_s: float
    peak_mb: float
    said: dict[str, Any]


def measure(options: argparse.Namespace, folder: Path, console: Console) -> Part:
    """Sync shops of growing size, and the largest one again, killed on the way."""
    figures: dict[str, float | int | str] = {}
    rates, peaks, wrong = [], [], 0
    for lines in options.sync_lines:
        with _stand_in(options, lines, options.sync_rate) as shop:
            home = _connected(folder / f"home-{lines}", shop)
            shop.control("DELETE", "bucket")
            ran = _sync(home, shop)
            bucket = shop.control("GET", "bucket")
            wrong += _compare(home, shop, console)
            rows = ran.said["tables"]["order_lines"]["rows"]
            rates.append(rows / ran.seconds)
            peaks.append(ran.peak_mb)
            figures |= {
                f"{lines} lines: rows": rows,
                f"{lines} lines: seconds": round(ran.seconds, 1),
                f"{lines} lines: lines per second": round(rates[-1]),
                f"{lines} lines: processor seconds of the sync": round(ran.processor_s, 1),
                f"{lines} lines: peak MB": round(ran.peak_mb),
                f"{lines} lines: bucket's lowest": bucket["lowest"],
                f"{lines} lines: THROTTLED": bucket["throttled"],
            }
            if lines == max(options.sync_lines):
                lowest, costly = bucket["lowest"], _too_costly(shop)
                kills, wrong_killed = _killed(options, folder, shop, ran.seconds, console)
    used = _paging(options, folder)
    figures |= {
        "kills while reading": kills.reading,
        "kills while merging": kills.merging,
        "syncs that ended between kills": kills.ended,
        "share of the bucket used while paging": round(used, 3),
    }
    small, large = rates[0], rates[-1]
    return Part(
        claims=[
            Claim("sync_memory", "MB at the peak of a sync", MEMORY_MB, 200, max(peaks), False),
            Claim("sync_costly", "queries that cost too much", 0, 0, float(costly), False),
            Claim("sync_bucket", "lowest level of the bucket", 0, 0, float(lowest)),
            Claim("sync_used", "of the bucket used while paging", USED, 0.95, used),
            Claim("sync_same", "rows that differ from the shop's", 0, 0, float(wrong), False),
            Claim("sync_killed", "rows that differ after kills", 0, 0, float(wrong_killed), False),
            Claim("sync_growth", "of its speed kept, largest to smallest", 0.5, 0.8, large / small),
        ],
        figures=figures,
    )


def _stand_in(options: argparse.Namespace, lines: int, rate: float) -> Any:
    from tests.stand_in.shopify.process import StandIn  # noqa: PLC0415 - in the repository only

    return StandIn(orders=options.sync_orders, rate=rate, arguments=("--lines", str(lines)))


def _connected(home: Path, shop: Any) -> Path:
    store = ConnectionStore(home / "keys")
    wanted = Connection(shop=shop.shop, grant="static", site=shop.url, access_token=shop.token)
    store.write(wanted)
    return home


def _begin(home: Path, shop: Any, *arguments: str) -> subprocess.Popen[bytes]:
    clock = json.dumps(shop.clock.to_json())
    command = [sys.executable, "-m", "training", "shop", "sync", "--json", "--clock", clock]
    environment = {**os.environ, "SIGNALBOX_HOME": str(home), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [*command, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )


def _sync(home: Path, shop: Any) -> Ran:
    began = time.perf_counter()
    process = _begin(home, shop)
    assert process.stdout is not None
    said = process.stdout.read()
    process.stdout.close()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"the sync ended with {process.returncode}: {said.decode()[-2000:]}")
    processor_s = used.ru_utime + used.ru_stime
    return Ran(time.perf_counter() - began, processor_s, used.ru_maxrss / 1024, json.loads(said))


def _paging(options: argparse.Namespace, folder: Path) -> float:
    """Refunds alone, from an empty bucket on, so that only what comes back can be used.

    By a clock that runs as ours: faster, the stand-in's own work would be the bottleneck.
    """
    with _stand_in(options, options.sync_paged_lines, 1.0) as shop:
        home = _connected(folder / "home-paged", shop)
        environment = {
            **os.environ,
            "SIGNALBOX_HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "BENCH_CLOCK": json.dumps(shop.clock.to_json()),
            "BENCH_CONTROL": shop.url,
        }
        command = [sys.executable, "-m", "load_tests.shop.paging_process"]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        return _share(shop.control("GET", "bucket"))


def _share(history: dict[str, float]) -> float:
    """Points spent, of those there were to spend: what came back, and what was left before."""
    restored = history["seconds"] * history["restore_rate"]
    kept = restored * history["share_kept"]
    left_before = history["level"] + history["spent"] - kept
    return history["spent"] / (restored + max(0.0, left_before))


def _too_costly(shop: Any) -> int:
    return sum("MAX_COST" in json.dumps(call) for call in shop.control("GET", "calls"))


def _killed(
    options: argparse.Namespace, folder: Path, shop: Any, seconds: float, console: Console
) -> tuple[Kills, int]:
    """Killed and resumed until it was killed so often; then to the end, and compared."""
    home = _connected(folder / "home-killed", shop)
    kills = Kills(home / "lake" / "shop", seconds)
    kills.all(lambda: _begin(home, shop, "--full"), options.sync_kills, console)
    _sync(home, shop)
    return kills, _compare(home, shop, console)


def _compare(home: Path, shop: Any, console: Console) -> int:
    found = differing(home, shop)
    for table, count in found.items():
        if count:
            console.print(f"{table}: {count} rows differ from the shop's")
    return sum(found.values())
