"""``make bench-shop ARGS=webhooks``: a storm of deliveries over a receiver that is killed.

An open loop: each delivery is sent when it is due, whatever became of those before, by a sender
that does as Shopify does: 1 s to connect, 5 s in all, and again with the same id after anything
but a 2xx. Forged ones get their 401 and are not repeated. The receiver is the real process, on a
real disk, killed by SIGKILL and started again.
"""

import argparse
import asyncio
import random
import sqlite3
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
from rich.console import Console

from load_tests.audit_part import Part, percentile
from load_tests.floors import Claim
from load_tests.shop.ingress_process import IngressProcess
from load_tests.shop.storm_plan import (
    FORGED_FROM,
    UPDATES,
    Shot,
    body_of,
    expected,
    headers_of,
    kill_points,
    plan,
)

CONNECTIONS = 200
AGAIN_S = 1.0
LONGEST_S = 8.0
"""Shopify waits a minute and more before it comes again; a storm has not the time."""
SETTLE_S = 120.0
P99_FLOOR_S = 1.0
P99_TARGET_S = 0.1
APPLIED, STALE = 1, 2


@dataclass
class Seen:
    """What the sender saw. Times in seconds; ``late``: behind the plan when it was sent."""

    answers: Counter[int] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    broken: int = 0
    acknowledged: set[int] = field(default_factory=set)
    peak_mb: float = 0.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of this part."""
    parser.add_argument("--deliveries", type=int, default=50_000)
    parser.add_argument("--rate", type=float, default=500.0, help="deliveries a second")
    parser.add_argument("--kills", type=int, default=2, help="SIGKILLs of the receiver")
    parser.add_argument("--seed", type=int, default=1)


def measure(options: argparse.Namespace, folder: Path, console: Console) -> Part:
    """Run the storm and compare what is there with what must be."""
    shots = plan(options.deliveries, options.seed)
    ingress = IngressProcess(folder / "home")
    ingress.start()
    try:
        begun = time.monotonic()
        seen = asyncio.run(storm(shots, options.rate, options.kills, ingress, console))
        took = time.monotonic() - begun
        settled = _settle(ingress)
        return _part(shots, seen, took, settled, ingress)
    finally:
        ingress.process.stop()


async def storm(
    shots: list[Shot], rate: float, kills: int, ingress: IngressProcess, console: Console
) -> Seen:
    """Send each when it is due, ``rate`` a second, and kill the receiver so often."""
    seen = Seen()
    killed_at = set(kill_points(len(shots), kills))
    timeout = aiohttp.ClientTimeout(total=5, connect=None, sock_connect=1)
    # Whoever waits here for a connection has not begun: Shopify's five seconds do not run yet.
    places = asyncio.Semaphore(CONNECTIONS)
    connector = aiohttp.TCPConnector(limit=0)
    restarts: list[asyncio.Task[None]] = []
    async with (
        aiohttp.ClientSession(ingress.url, timeout=timeout, connector=connector) as session,
        asyncio.TaskGroup() as group,
    ):
        begun = time.monotonic()
        for number, shot in enumerate(shots):
            due = begun + number / rate
            if (wait := due - time.monotonic()) > 0:
                await asyncio.sleep(wait)
            seen.late.append(max(0.0, time.monotonic() - due))
            group.create_task(_deliver(session, shot, seen, places))
            if number in killed_at:
                console.print(f"{number} sent: the receiver is killed", highlight=False)
                restarts.append(group.create_task(asyncio.to_thread(_restart, ingress)))
            if number % 500 == 0 and ingress.process.runs:
                seen.peak_mb = max(seen.peak_mb, _memory_mb(ingress))
    return seen


def _restart(ingress: IngressProcess) -> None:
    ingress.process.kill()
    ingress.start()


async def _deliver(
    session: aiohttp.ClientSession, shot: Shot, seen: Seen, places: asyncio.Semaphore
) -> None:
    pause = AGAIN_S
    while True:
        async with places:
            status = await _post(session, shot, seen)
        if status == 200:
            seen.acknowledged.add(shot.webhook)
        if status in {200, 401}:
            return
        await asyncio.sleep(pause * (0.5 + random.random()))
        pause = min(LONGEST_S, 2 * pause)


async def _post(session: aiohttp.ClientSession, shot: Shot, seen: Seen) -> int:
    """The answer's status; 0 where there was none."""
    body = body_of(shot)
    headers = headers_of(shot, body)
    begun = time.perf_counter()
    try:
        async with session.post("/webhooks", data=body, headers=headers) as answer:
            await answer.read()
    except (aiohttp.ClientError, TimeoutError):
        seen.broken += 1
        return 0
    seen.times.append(time.perf_counter() - begun)
    seen.answers[answer.status] += 1
    return answer.status


def _settle(ingress: IngressProcess) -> float:
    """Seconds until nothing waits to be applied."""
    begun = time.monotonic()
    while time.monotonic() - begun < SETTLE_S:
        with closing(_open(ingress)) as inbox:
            if inbox.execute("SELECT 1 FROM delivery WHERE state = 0 LIMIT 1").fetchone() is None:
                break
        time.sleep(0.05)
    return time.monotonic() - begun


def _open(ingress: IngressProcess) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{ingress.inbox}?mode=ro", uri=True)


def _memory_mb(ingress: IngressProcess) -> float:
    try:
        return float(psutil.Process(ingress.process.pid).memory_info().rss) / 2**20
    except psutil.NoSuchProcess:
        return 0.0


def _part(
    shots: list[Shot], seen: Seen, took: float, settled: float, ingress: IngressProcess
) -> Part:
    valid = {shot.webhook for shot in shots if not shot.forged}
    forged = sum(shot.forged for shot in shots)
    states = expected(shots)
    with closing(_open(ingress)) as inbox:
        done = dict(inbox.execute("SELECT state, sum(count) FROM tally GROUP BY state"))
        written = {
            int(row[0].rpartition("-")[2])
            for row in inbox.execute("SELECT webhook_id FROM delivery")
        }
        found = dict(inbox.execute("SELECT id, items FROM shop_order WHERE id < ?", (FORGED_FROM,)))
        strangers = inbox.execute("SELECT count(*) FROM shop_order WHERE id >= ?", (FORGED_FROM,))
        taken_in = int(strangers.fetchone()[0])
    applied = done.get(APPLIED, 0) + done.get(STALE, 0)
    wrong = sum(found.get(order) != (version + 1) * 3 for order, version in states.items())
    p99 = percentile(seen.times, 0.99)
    claims = [
        Claim("p99", "p99 of an answer, seconds", P99_FLOOR_S, P99_TARGET_S, p99, at_least=False),
        _none("lost", "acknowledged and not there", len(seen.acknowledged - written)),
        _none("unapplied", "valid and not applied exactly once", abs(len(valid) - applied)),
        _none("missing", "valid and never acknowledged", len(valid - seen.acknowledged)),
        _none("wrong", "orders not in their newest state", wrong + len(found) - len(states)),
        _none(
            "forged", "forged and taken in, or not refused", taken_in + forged - seen.answers[401]
        ),
    ]
    counts = {
        "deliveries": len(shots),
        "valid, each once": len(valid),
        "duplicates": len(shots) - len(valid) - forged,
        "forged": forged,
        "orders": len(states),
        "updates of an order": UPDATES,
        "applied": done.get(APPLIED, 0),
        "applied, older than known": done.get(STALE, 0),
    }
    return Part(claims, counts | _felt(len(shots), seen, took, settled))


def _felt(sent: int, seen: Seen, took: float, settled: float) -> dict[str, float | int | str]:
    """How the storm was on both sides of the wire."""
    return {
        "sent per second": sent / took,
        "p50 of an answer, s": percentile(seen.times, 0.5),
        "longest answer, s": max(seen.times),
        "p99 behind the plan, s": percentile(seen.late, 0.99),
        "answers 200": seen.answers[200],
        "answers 401": seen.answers[401],
        "answers 503": seen.answers[503],
        "no answer (killed)": seen.broken,
        "all applied after the last, s": settled,
        "peak memory of the receiver, MB": seen.peak_mb,
    }


def _none(name: str, text: str, count: int) -> Claim:
    return Claim(name, text, 0, 0, float(count), at_least=False)
