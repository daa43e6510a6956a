"""The sync of a shop: how fast and how large it is, what kills do to it, how it uses the bucket.

The stand-in runs on an accelerated clock, which the sync's process runs on too. What the lake
holds in the end is compared with the stand-in's records, row for row, by a reading of its own.
How often and when it is killed is in ``sync_kills``.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from bentos.shopify_admin.connection import Connection, ConnectionStore
from load_tests.audit_part import Part
from load_tests.floors import Claim
from load_tests.shop.source_rows import Rows, differing, source_rows
from load_tests.shop.sync_kills import Kills

ROOT = Path(__file__).resolve().parents[2]
MEMORY_MB = 300.0
LOOK_S = 0.02
"Between two looks at the memory of a sync: what it prints in the end fits the pipe."
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
    parser.add_argument("--sync-paged-lines", type=int, default=40_000)
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
    rates, peaks, wrong, largest = [], [], 0, max(options.sync_lines)
    for lines in sorted(options.sync_lines):
        with _stand_in(options, lines, options.sync_rate) as shop:
            home = _connected(folder / f"home-{lines}", shop)
            shop.control("DELETE", "bucket")
            ran = _sync(home, shop)
            bucket, asked = shop.control("GET", "bucket"), _asked(shop)
            source = source_rows(home, shop)
            wrong += _differing(source, home, console)
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
                f"{lines} lines: bulk operations": asked["BulkStart"],
                f"{lines} lines: pages": asked["RefundPages"],
            }
            console.print(f"{lines} lines in {ran.seconds:.0f} s, {ran.peak_mb:.0f} MB")
            if lines == largest:
                lowest, costly = bucket["lowest"], asked["MAX_COST"]
                killed = _killed(options, home, shop, ran.seconds, source, console)
    used = _paging(options, folder)
    figures |= killed.figures | {"share of the bucket used while paging": round(used, 3)}
    peaks.append(killed.peak_mb)
    costly, lowest = costly + killed.costly, min(lowest, killed.lowest)
    small, large = rates[0], rates[-1]
    return Part(
        claims=[
            Claim("sync_memory", "MB at the peak of a sync", MEMORY_MB, 200, max(peaks), False),
            Claim("sync_costly", "queries that cost too much", 0, 0, float(costly), False),
            Claim("sync_bucket", "lowest level of the bucket", 0, 0, float(lowest)),
            Claim("sync_used", "of the bucket used while paging", USED, 0.95, used),
            Claim("sync_same", "rows that differ from the shop's", 0, 0, float(wrong), False),
            Claim("sync_killed", "rows that differ after kills", 0, 0, float(killed.wrong), False),
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
    peak, ended, status, used = 0, 0, 0, None
    while not ended:
        # What the kernel says at its end holds the peak of this process too, which began it.
        peak = max(peak, _peak_kb(process.pid))
        time.sleep(LOOK_S)
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stdout is not None
    assert used is not None
    with process.stdout as output:
        said = output.read()
    if process.returncode != 0:
        raise RuntimeError(f"the sync ended with {process.returncode}: {said.decode()[-2000:]}")
    return Ran(seconds, used.ru_utime + used.ru_stime, peak / 1024, json.loads(said))


def _peak_kb(process: int) -> int:
    """``VmHWM``; 0 once it is over."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


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


def _asked(shop: Any) -> Counter[str]:
    """How often each document was sent since the last time, and ``MAX_COST`` answered."""
    calls = shop.control("GET", "calls")
    shop.control("DELETE", "calls")
    asked = Counter(str(call.get("operation")) for call in calls)
    return asked + Counter(MAX_COST=sum("MAX_COST" in json.dumps(call) for call in calls))


@dataclass(frozen=True)
class Killed:
    """What came of a sync that was killed again and again."""

    wrong: int
    costly: int
    lowest: float
    peak_mb: float
    figures: dict[str, float | int | str]


def _killed(
    options: argparse.Namespace,
    before: Path,
    shop: Any,
    seconds: float,
    source: Rows,
    console: Console,
) -> Killed:
    """Killed and resumed until it was killed so often; then to the end, and compared.

    With the keys of the home ``before``: the shop's rows have the same names in both.
    """
    home = before.with_name("home-killed")
    shutil.copytree(before / "keys", home / "keys")
    began = time.perf_counter()
    kills = Kills(home / "lake" / "shop", home.with_name("kept"), seconds)
    kills.all(lambda: _begin(home, shop, "--full"), options.sync_kills, console)
    last = _sync(home, shop)
    asked, bucket = _asked(shop), shop.control("GET", "bucket")
    figures: dict[str, float | int | str] = {
        "kills while reading": kills.reading,
        "kills while merging": kills.merging,
        "syncs that ended between kills": kills.ended,
        "killed: seconds in all": round(time.perf_counter() - began, 1),
        "killed: bulk operations": asked["BulkStart"],
        "killed: pages": asked["RefundPages"],
        "killed: peak MB of the last": round(last.peak_mb),
        "killed: THROTTLED": bucket["throttled"],
    }
    wrong = _differing(source, home, console)
    return Killed(wrong, asked["MAX_COST"], bucket["lowest"], last.peak_mb, figures)


def _differing(source: Rows, home: Path, console: Console) -> int:
    found = differing(source, home)
    for table, count in found.items():
        if count:
            console.print(f"{table}: {count} rows differ from the shop's")
    return sum(found.values())
