"""Refunds of a whole shop, page by page, and nothing else: is what comes back all used?

Empties the bucket first, then has the stand-in begin the bucket's history anew.
"""

import os
import tempfile
from pathlib import Path

import httpx
import msgspec

from bentos.shopify_admin.clock import AcceleratedClock
from bentos.shopify_admin.connected import connected_client
from bentos.shopify_admin.connection import ConnectionStore
from training.settings import Settings
from training.shop.paging import Pages
from training.shop.rows import Rows
from training.shop.staging import Staging
from training.shop.sync import MEMORY, THREADS

PATIENCE_S = 3600.0
WARM_PAGES = 12
"At 244 points a page of 250, more than the largest bucket of the plan holds."


def main() -> None:
    """Read all pages of refunds."""
    settings = Settings()
    clock = AcceleratedClock.of(msgspec.json.decode(os.environ["BENCH_CLOCK"]))
    shop = ConnectionStore(settings.keys).shops()[0]
    control = os.environ["BENCH_CONTROL"]

    def told(_stream: str, pages: int, _total: int | None) -> None:
        if pages == WARM_PAGES:
            httpx.delete(f"{control}/_stand_in/bucket", trust_env=False).raise_for_status()

    with tempfile.TemporaryDirectory() as folder:
        staging = Staging(Path(folder), MEMORY, THREADS)
        with connected_client(settings.home, shop, clock=clock, patience_s=PATIENCE_S) as client:
            Pages(client, clock, staging, Rows(str), told).refunds()
        staging.close()


if __name__ == "__main__":
    main()
