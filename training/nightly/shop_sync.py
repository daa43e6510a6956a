"""Tonight's orders of the connected shop: what changed since the last sync, read into the lake.

A stream that was given up was tried several times over. Without tonight's orders there is no
night, and without customers nobody knows who opted out since: then it fails, to be tried again.
Any other keeps the table it had, and the night goes on and says so; the next sync reads it again.
"""

from bentos.shopify_admin.bulk_hints import BulkHints
from bentos.shopify_admin.clock import SystemClock
from bentos.shopify_admin.connected import connected_client
from bentos.shopify_admin.errors import ShopifyError, Unavailable
from training.nightly.errors import DeskError, PassingError
from training.pseudonyms import KEY_FILE, load_key
from training.settings import Settings
from training.shop.errors import SyncError
from training.shop.plan import Report
from training.shop.streams import OPTIONAL, SWEEP_SUFFIX
from training.shop.sync_commands import domain_of
from training.shop.tables import ShopLake

NEEDED = frozenset({"orders", "customers"})


def sync_shop(settings: Settings) -> dict[str, str]:
    """Sync the one connected shop; stream → why it was not read, of those a night does without.

    Raises PassingError for what may pass (Shopify away, another sync, a stream without which
    there is no night), DeskError for what Shopify refuses, ContractError unless one shop is
    connected.
    """
    from training.shop.sync import Sync  # noqa: PLC0415 - DuckDB

    clock, shop = SystemClock(), domain_of(settings, None)
    try:
        with connected_client(settings.home, shop, clock=clock) as client:
            report = Sync(
                admin=client,
                clock=clock,
                lake=ShopLake.of(settings),
                shop=settings.shop,
                key=load_key(settings.keys / KEY_FILE),
                told=lambda *_: None,
                hinted=BulkHints(settings.home, shop).take,
            ).run(full=False)
    except (SyncError, Unavailable) as error:
        raise PassingError(str(error)) from error
    except ShopifyError as error:
        raise DeskError(str(error)) from error
    needed = {name: why for name, why in report.problems.items() if _is_needed(name, report)}
    if needed:
        given_up = "; ".join(f"{name}: {why}" for name, why in sorted(needed.items()))
        raise PassingError(f"not read, and no night without it: {given_up}")
    return report.problems


def _is_needed(stream: str, report: Report) -> bool:
    """A sweep only says what is gone; another stream must have been read once at least."""
    if stream in OPTIONAL or stream.endswith(SWEEP_SUFFIX):
        return False
    return stream in NEEDED or stream not in report.tables
