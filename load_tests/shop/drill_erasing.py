"""Has shoppers, or a whole shop, erased as Shopify asks it, and kills who does it on the way."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

from bentos import redaction_files
from load_tests.shop.drill_site import ROOT, DrillSite
from load_tests.shop.planted_shop import out_of_shop
from load_tests.shop.planting import compliance, deliver, ship
from load_tests.shop.subjects import Subject

POLL_S = 0.02
LONGEST_S, LONGEST_OF_SHOP_S = 6.0, 0.3
"Between the first trace of a redaction and the kill; folders go faster than rows."
BEGUN = 15.0


@dataclass(frozen=True)
class Erased:
    """``requests``: their ids. ``kills``: of training, at work; ``records``: done before the last
    of them. Seconds from the first request until all are closed."""

    requests: list[str]
    kills: int
    records: int
    seconds: float


def erase(site: DrillSite, people: Sequence[Subject], kills: int) -> Erased:
    """From the merchant's deletion to closed requests; the ingress rests afterwards."""
    out_of_shop(site.shop, people)
    site.ingress.start()
    begun = time.perf_counter()
    for who in people:
        deliver(site, "customers/redact", compliance(site, who, "orders_to_redact"))
    return _erased(site, len(people), kills, begun, LONGEST_S)


def erase_shop(site: DrillSite, kills: int) -> Erased:
    """From the app's end to a closed request."""
    site.ingress.start()
    begun = time.perf_counter()
    shop = {"id": 1, "domain": None, "myshopify_domain": site.shop.shop}
    deliver(site, "app/uninstalled", shop)
    deliver(site, "shop/redact", {"shop_id": 1, "shop_domain": site.shop.shop})
    return _erased(site, 1, kills, begun, LONGEST_OF_SHOP_S)


def _erased(site: DrillSite, asked: int, kills: int, begun: float, longest_s: float) -> Erased:
    folder, lake = site.home / "redactions" / "requests", site.home / "lake"
    site.until(lambda: len(list(folder.glob("*.json"))) == asked, "every request's file")
    requests = [path.stem for path in redaction_files.request_files(site.home)]
    chance, hit, before = random.Random(20261126), 0, _records(lake)
    while hit < kills and _records(lake) - before < max(asked - 1, 1):
        hit += _killed(site, lake, chance.uniform(0, longest_s / kills))
    records = _records(lake) - before
    for process in (site.control, site.ingress.process):
        process.kill()
        process.start()
    site.run("training", "redact")
    # What was decided before, and shipped only now.
    site.gateway.stop()
    site.control.wait_until(lambda: _answers(site), "readiness")
    ship(site)
    site.until(lambda: not list(folder.glob("*.json")), "an end to every request")
    seconds = time.perf_counter() - begun
    site.ingress.process.stop()
    return Erased(requests, hit, records, seconds)


def _killed(site: DrillSite, lake: Path, after_s: float) -> bool:
    """Start the redaction and kill it while it is at work; whether it was hit there."""
    before = _traces(lake)
    process = subprocess.Popen(
        [sys.executable, "-m", "training", "redact"],
        cwd=ROOT,
        env=site.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    end = time.monotonic() + BEGUN
    while process.poll() is None and _traces(lake) == before and time.monotonic() < end:
        time.sleep(POLL_S)
    time.sleep(after_s)
    os.kill(process.pid, signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


def _traces(lake: Path) -> frozenset[str]:
    """What lies where redactions are noted."""
    return frozenset(path.name for path in (lake / "redactions").rglob("*"))


def _records(lake: Path) -> int:
    return len(redaction_files.record_files(lake))


def _answers(site: DrillSite) -> bool:
    try:
        return site.ask("GET", "/health/ready").status_code == 200
    except httpx.HTTPError:
        return False
