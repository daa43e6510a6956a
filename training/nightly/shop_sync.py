"""Tonight's orders of the connected shop: what changed since the last sync, read into the lake."""

from bentos.shopify_admin.bulk_hints import BulkHints
from bentos.shopify_admin.clock import SystemClock
from bentos.shopify_admin.connected import connected_client
from bentos.shopify_admin.errors import ShopifyError, Unavailable
from training.nightly.errors import DeskError, PassingError
from training.pseudonyms import KEY_FILE, load_key
from training.settings import Settings
from training.shop.errors import SyncError
from training.shop.sync_commands import domain_of
from training.shop.tables import ShopLake


def sync_shop(settings: Settings) -> None:
    """Sync the one connected shop.

    Raises PassingError for what may pass (Shopify away, another sync, a part that was given up),
    DeskError for what Shopify refuses, ContractError unless one shop is connected.
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
    if report.problems:
        given_up = "; ".join(f"{name}: {why}" for name, why in sorted(report.problems.items()))
        raise PassingError(f"not read: {given_up}")
