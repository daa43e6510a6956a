"""``shop sync`` and ``shop status``: read a connected shop, and say how far it was read.

Exit codes of ``sync``: 0 done, 1 a part was given up (run it again), 2 bad input, 3 another
sync is running.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import msgspec
import typer

from bentos.contract.errors import ContractError
from bentos.contract.shopify import normal_shop
from bentos.shopify_admin import document
from bentos.shopify_admin.bulk_hints import BulkHints
from bentos.shopify_admin.clock import AcceleratedClock, Clock, SystemClock
from bentos.shopify_admin.connected import connected_client
from bentos.shopify_admin.connection import ConnectionStore
from training.pseudonyms import KEY_FILE, load_key
from training.settings import Settings
from training.shop.errors import NotSynced
from training.shop.plan import Report
from training.shop.reading import Told
from training.shop.streams import BULK, DISPUTES, REFUNDS, WHOLE
from training.shop.tables import Current, ShopLake

Domain = Annotated[
    str | None, typer.Option(help="The shop, <store>.myshopify.com; default: the connected one.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
WINDOW = (
    "orders before {} are out of sight: the app has no read_all_orders. What was synced before "
    "is kept; ask Shopify for the scope and sync --full for older ones"
)


def sync_shop(
    *,
    domain: Domain = None,
    full: Annotated[bool, typer.Option("--full", help="Everything in sight, not changes.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be read.")] = False,
    clock: Annotated[
        str | None, typer.Option(help="JSON of an accelerated clock (what stands in).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Read what changed in the shop into the lake. Goes on where a killed one was."""
    from training.shop.sync import Sync, staged  # noqa: PLC0415 - DuckDB

    settings = Settings()
    lake, name = ShopLake.of(settings), domain_of(settings, domain)
    if dry_run:
        _write(_foreseen(lake, name, full=full, resumed=staged(lake) is not None))
        return
    running = clock_of(clock)
    with connected_client(settings.home, name, clock=running) as client, told(as_json) as say:
        report = Sync(
            admin=client,
            clock=running,
            lake=lake,
            shop=settings.shop,
            key=load_key(settings.keys / KEY_FILE),
            told=say,
            hinted=BulkHints(settings.home, name).take,
        ).run(full=full)
    if as_json:
        _write(report)
    else:
        _summarise(report)
    raise typer.Exit(1 if report.problems else 0)


def shop_status(*, as_json: AsJson = False) -> None:
    """How far the shop was read: watermarks, window, rows, what is behind."""
    current = ShopLake.of(Settings()).current()
    if current is None:
        raise NotSynced("shop status", "a synced shop", "none", "Run: training shop sync.")
    if as_json:
        _write(current)
        return
    _tell(current)


def domain_of(settings: Settings, domain: str | None) -> str:
    """The shop that is meant; raises ContractError unless one is named or only one connected."""
    if domain is not None:
        return normal_shop(domain, "--domain")
    shops = ConnectionStore(settings.keys).shops()
    if len(shops) != 1:
        hint = "Connect one: training shop connect --domain …" if not shops else "Give --domain."
        raise ContractError("--domain", "a connected shop", shops, hint)
    return shops[0]


def clock_of(text: str | None) -> Clock:
    """The machine's clock, or the accelerated one that was said."""
    if text is None:
        return SystemClock()
    try:
        said = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ContractError("--clock", "JSON of an accelerated clock", str(error)) from error
    return AcceleratedClock.of(said)


@contextmanager
def told(quiet: bool) -> Iterator[Told]:
    """A bar for each stream on a terminal; nothing elsewhere."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda *_: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=console) as bars:

        def say(stream: str, done: int, total: int | None) -> None:
            if stream not in tasks:
                tasks[stream] = bars.add_task(f"{stream:<24}", total=total)
            bars.update(tasks[stream], completed=done, total=total)

        yield say


def _foreseen(lake: ShopLake, name: str, *, full: bool, resumed: bool) -> dict[str, Any]:
    current = lake.current()
    whole = full or current is None or not current.tables
    since = {} if whole or current is None else current.watermarks
    texts = {stream.name: document.load(stream.document).text for stream in BULK}
    return {
        "shop": name,
        "full": whole,
        "resumed": resumed,
        "since": {name: mark for name, mark in since.items() if name not in WHOLE},
        "bulk": texts,
        "paged": [REFUNDS, DISPUTES],
    }


def _summarise(report: Report) -> None:
    kind = "whole" if report.full else "changes"
    again = ", resumed" if report.resumed else ""
    sys.stdout.write(f"{report.synced_at} ({kind}{again})\n")
    for name, contents in report.tables.items():
        read = report.read.get(name, 0)
        sys.stdout.write(
            f"  {name:<16}{read:>10} read{contents.rows:>12} rows{contents.deleted:>9} deleted\n"
        )
    _remarks(report.window_from, report.behind, report.skipped, report.problems)


def _tell(current: Current) -> None:
    sys.stdout.write(f"synced {current.synced_at}, generation {current.generation}\n")
    for name, contents in current.tables.items():
        mark = current.watermarks.get(name, "")
        sys.stdout.write(
            f"  {name:<16}{contents.rows:>12} rows{contents.deleted:>9} deleted  {mark}\n"
        )
    _remarks(current.window_from, current.behind, current.skipped, current.problems)


def _remarks(
    window: str | None, behind: dict[str, int], skipped: dict[str, str], problems: dict[str, str]
) -> None:
    if window is not None:
        sys.stderr.write(WINDOW.format(window) + "\n")
    for name, count in behind.items():
        sys.stderr.write(f"{name}: {count} rows came late and are read the next time\n")
    for name, why in skipped.items():
        sys.stderr.write(f"{name}: skipped: {why}\n")
    for name, why in problems.items():
        sys.stderr.write(f"{name}: not read: {why}\n")


def _write(record: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
