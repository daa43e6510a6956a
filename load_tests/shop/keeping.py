"""``make bench-shop ARGS=keeping``: an inbox of years, from which what is past its time goes.

Deliveries come meanwhile as fast as asked for, and are answered as ever. First with nothing to
take away, for comparison, then with all of it: the real process, which begins to keep at its
start. Both storms are of the same rate; nobody is killed.
"""

import argparse
import asyncio
import random
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from load_tests.audit_part import Part, percentile
from load_tests.floors import Claim
from load_tests.shop.full_inbox import fill
from load_tests.shop.ingress_process import IngressProcess
from load_tests.shop.storm_plan import plan
from load_tests.shop.webhook_storm import P99_FLOOR_S, P99_TARGET_S, Seen, storm

AT_REST = {
    "SIGNALBOX_INGRESS_KEEP_DAYS": "365",
    "SIGNALBOX_INGRESS_SET_ASIDE_KEEP_DAYS": "3650",
    "SIGNALBOX_INGRESS_ORDERS_KEEP_DAYS": "0",
}
"""Nothing of the inbox is past its time."""
LOG_MB_FLOOR, LOG_MB_TARGET = 128.0, 64.0
PREFIX = "signalbox_ingress_"


@dataclass(frozen=True)
class Kept:
    """What the receiver told of itself once it was done, and the size of its log."""

    pruned: float
    batches: float
    held_s: float
    within_200_ms: float
    took_s: float
    log_mb: float


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this part."""
    parser.add_argument("--inbox-deliveries", type=int, default=2_000_000)
    parser.add_argument("--inbox-rate", type=float, default=100.0, help="deliveries a second")
    parser.add_argument("--inbox-seconds", type=float, default=60.0, help="of each storm")
    parser.add_argument(
        "--inbox-patience", type=float, default=900.0, help="seconds until all of it must be gone"
    )


def measure(options: argparse.Namespace, folder: Path, console: Console) -> Part:
    """Fill the inbox, storm it at rest, then while it is emptied."""
    home = folder / "home"
    begun = time.monotonic()
    fill(home / "ingress" / "inbox.db", options.inbox_deliveries, random.Random(1))
    filled = time.monotonic() - begun
    console.print(f"the inbox is there after {filled:.0f} s", highlight=False)
    half = int(options.inbox_rate * options.inbox_seconds)
    shots = plan(2 * half, 1)
    storms = []
    for environment, some in ((AT_REST, shots[:half]), ({}, shots[half:])):
        ingress = IngressProcess(home, environment)
        ingress.start()
        begun = time.monotonic()
        try:
            storms.append(asyncio.run(storm(some, options.inbox_rate, 0, ingress, console)))
            kept = _wait(ingress, begun, options.inbox_patience)
        finally:
            ingress.process.stop()
    left = _past(home / "ingress" / "inbox.db")
    return _part(storms[0], storms[1], kept, left, options)


def _wait(ingress: IngressProcess, begun: float, patience: float) -> Kept:
    """Until the first run of the keeper has ended."""
    while time.monotonic() - begun < patience:
        told = _told(ingress)
        if told.get((f"{PREFIX}job_runs_total", "keeping"), 0) >= 1:
            break
        time.sleep(0.5)
    seconds = f"{PREFIX}prune_seconds"
    return Kept(
        pruned=sum(v for (name, _), v in told.items() if name == f"{PREFIX}pruned_rows_total"),
        batches=told[f"{seconds}_count", ""],
        held_s=told[f"{seconds}_sum", ""],
        within_200_ms=told[f"{seconds}_bucket", "0.2"],
        took_s=time.monotonic() - begun,
        log_mb=ingress.inbox.with_name("inbox.db-wal").stat().st_size / 2**20,
    )


def _told(ingress: IngressProcess) -> dict[tuple[str, str], float]:
    """Its metrics, by name and the label that tells them apart; runs that failed do not count."""
    page = httpx.get(f"{ingress.url}/metrics", timeout=30).text
    return {
        (
            each.name,
            next((each.labels[k] for k in ("job", "place", "le") if k in each.labels), ""),
        ): each.value
        for family in text_string_to_metric_families(page)
        for each in family.samples
        if each.labels.get("outcome") != "failed"
    }


def _past(inbox: Path) -> int:
    """Deliveries that are done with and past their week."""
    with closing(sqlite3.connect(f"file:{inbox}?mode=ro", uri=True)) as rows:
        query = "SELECT count(*) FROM delivery WHERE done_at < datetime('now', '-8 days')"
        return int(rows.execute(query).fetchone()[0])


def _part(rest: Seen, busy: Seen, kept: Kept, left: int, options: argparse.Namespace) -> Part:
    p99 = percentile(busy.times, 0.99)
    refused = rest.answers[503] + busy.answers[503] + rest.broken + busy.broken
    claims = [
        Claim(
            "p99",
            "p99 of an answer meanwhile, seconds",
            P99_FLOOR_S,
            P99_TARGET_S,
            p99,
            at_least=False,
        ),
        Claim(
            "refused", "deliveries refused or not answered", 0, 0, float(refused), at_least=False
        ),
        Claim("left", "ids past their week that are left", 0, 0, float(left), at_least=False),
        Claim(
            "log",
            "MB of the log afterwards",
            LOG_MB_FLOOR,
            LOG_MB_TARGET,
            kept.log_mb,
            at_least=False,
        ),
    ]
    figures: dict[str, float | int | str] = {
        "deliveries in the inbox": options.inbox_deliveries,
        "p50 of an answer at rest, s": percentile(rest.times, 0.5),
        "p99 of an answer at rest, s": percentile(rest.times, 0.99),
        "p50 of an answer meanwhile, s": percentile(busy.times, 0.5),
        "longest answer meanwhile, s": max(busy.times),
        "rows that went": kept.pruned,
        "seconds until they had": kept.took_s,
        "batches": kept.batches,
        "a batch held the writer on average, s": kept.held_s / max(1.0, kept.batches),
        "share of batches within 0.2 s": kept.within_200_ms / max(1.0, kept.batches),
        "peak memory at rest, MB": rest.peak_mb,
        "peak memory meanwhile, MB": busy.peak_mb,
    }
    return Part(claims, figures)
