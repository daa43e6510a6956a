"""Refunds of a whole shop, page by page, and nothing else: is what comes back all used?

Empties the bucket first, then has the stand-in begin the bucket's history anew.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import msgspec

from bentos.shopify_admin.client import AdminClient
from bentos.shopify_admin.clock import AcceleratedClock
from bentos.shopify_admin.connected import connected_client
from bentos.shopify_admin.connection import ConnectionStore
from training.settings import Settings
from training.shop.paging import PAGE, Pages
from training.shop.reading import changed
from training.shop.rows import Rows
from training.shop.staging import Staging
from training.shop.sync import MEMORY, THREADS

PATIENCE_S = 3600.0
DRAINED = 400.0
"Hardly more than one page asks for."
DRAINERS = 4


def main() -> None:
    """Read all pages of refunds."""
    settings = Settings()
    clock = AcceleratedClock.of(msgspec.json.decode(os.environ["BENCH_CLOCK"]))
    shop = ConnectionStore(settings.keys).shops()[0]
    bucket = os.environ["BENCH_CONTROL"] + "/_stand_in/bucket"
    with tempfile.TemporaryDirectory() as folder:
        staging = Staging(Path(folder), MEMORY, THREADS)
        with connected_client(settings.home, shop, clock=clock, patience_s=PATIENCE_S) as client:
            _drain(client, bucket)
            httpx.delete(bucket, trust_env=False).raise_for_status()
            Pages(client, clock, staging, Rows(str), lambda *_: None).refunds()
        staging.close()


def _drain(client: AdminClient, bucket: str) -> None:
    """Spend what a full bucket holds: several ask at once, as one alone is too slow for it."""
    variables = {"first": PAGE, "after": None, "changed": changed((None, None))}

    def spend() -> None:
        while httpx.get(bucket, trust_env=False).json()["level"] > DRAINED:
            client.execute("refund_pages", variables)

    with ThreadPoolExecutor(DRAINERS) as pool:
        for spent in [pool.submit(spend) for _ in range(DRAINERS)]:
            spent.result()


if __name__ == "__main__":
    main()
