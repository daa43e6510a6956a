"""``python -m tests.stand_in.shopify``: a shop on this machine, until it is interrupted."""

import argparse
import asyncio
import gc
import json
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import uvicorn

from bentos.shopify_admin.clock import AcceleratedClock
from tests.node_packages import NotInstallable, installed
from tests.stand_in.shopify.app import application
from tests.stand_in.shopify.bucket import Plan
from tests.stand_in.shopify.filling import Filling
from tests.stand_in.shopify.installation import ALL_SCOPES, Installation
from tests.stand_in.shopify.order_sets import UnknownOrderSet, default_file
from tests.stand_in.shopify.place import Place
from tests.stand_in.shopify.shop import Shop

LOOPBACK = "127.0.0.1"


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(prog="signalbox dev shop", description=__doc__)
    options.add_argument("--port", type=int, default=8090, help="0: any free one (default 8090)")
    options.add_argument("--shop", default="demo", help="the name before .myshopify.com")
    options.add_argument("--plan", type=Plan, default=Plan.STANDARD, help="|".join(Plan))
    options.add_argument("--clock-rate", type=float, default=1.0, help="times as fast as ours")
    options.add_argument("--now", help="RFC 3339: what its clock shows at the start")
    options.add_argument("--orders", default=None, help="FILE or generated:LINES")
    options.add_argument("--lines", type=int, help="scale the order set to so many order lines")
    options.add_argument("--client-id", default="stand-in-client")
    options.add_argument("--client-secret", default="stand-in-secret-as-long-as-shopifys-are")
    options.add_argument("--token", default="shpat_stand_in", help="an access token that works")
    options.add_argument("--scopes", default=ALL_SCOPES)
    options.add_argument(
        "--protected-data", type=int, choices=(0, 1, 2), default=2, help="the app's approval: level"
    )
    return options


def place_of(said: argparse.Namespace, folder: Path) -> Place:
    """The shop, filled; raises UnknownOrderSet."""
    start = datetime.fromisoformat(said.now) if said.now else datetime.now(UTC)
    # Filled by the time it will show; only then it runs.
    still = AcceleratedClock.starting(said.clock_rate, start)
    shop = Shop(still, folder / "shop.sqlite3", f"{said.shop}.myshopify.com", said.shop.title())
    source = said.orders or default_file()
    shop.fill(Filling(source, said.lines, int(start.timestamp())).records())
    clock = AcceleratedClock.starting(said.clock_rate, start)
    shop.clock = clock
    app = Installation(clock, said.client_id, said.client_secret, said.scopes, said.protected_data)
    app.mint(text=said.token)
    return Place(clock, shop, app, said.plan)


class Server(uvicorn.Server):
    """Says where it listens, as one line of JSON, once it does."""

    def __init__(self, config: uvicorn.Config, said: argparse.Namespace, place: Place) -> None:
        super().__init__(config)
        self._said, self._place = said, place

    async def startup(self, sockets: list | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        url = self._place.bulk.address.site = f"http://{LOOPBACK}:{port}"
        line = {
            "url": url,
            "shop": self._place.shop.domain,
            "client_id": self._said.client_id,
            "client_secret": self._said.client_secret,
            "token": self._said.token,
            "clock": self._place.clock.to_json(),
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def main() -> int:
    """Run until SIGINT or SIGTERM."""
    said = parser().parse_args()
    # Else the collector walks Shopify's schema again and again while a million rows are made.
    gc.set_threshold(50_000, 50, 50)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="signalbox-shop-") as folder:
        try:
            installed(Path(__file__).parent)
            place = place_of(said, Path(folder))
        except (NotInstallable, UnknownOrderSet, ValueError) as error:
            sys.stderr.write(f"{error}\n")
            return 2
        except KeyboardInterrupt:
            return 130
        config = uvicorn.Config(
            application(place),
            host=LOOPBACK,
            port=said.port,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=2,
        )
        try:
            asyncio.run(Server(config, said, place).serve())
        except KeyboardInterrupt:
            return 130
        finally:
            place.bulk.stop()
            place.shop.close()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
