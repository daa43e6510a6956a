"""What shoppers ask, drawn from the snapshots: ``python -m demo.questions OUT FOLDER MODEL …``.

Real rows of the shop's own orders: the latest orders for fraud, buying histories for
recommendations, products with a price band for pricing. A process of its own, so that the
demo does not keep the columns' engine in memory.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Every value in a query below is a constant of this file.
# ruff: noqa: S608
import duckdb
import msgspec

from demo.people import write_private

ROWS = 3000
HISTORY_LENGTH = 64
# A shop lets the price move this far around the usual one.
BAND = 0.15
_PRICING_ASKED = (
    "reference_price",
    "units_last_week",
    "mean_units_4w",
    "mean_units_8w",
    "weeks_since_first_sale",
    "last_price_ratio",
    "mean_discount_8w",
    "price_spread_8w",
    "week_sin",
    "week_cos",
    "unit_cost",
)
_NOT_ASKED = ("order_id", "ordered_at", "label", "scenario", "split")
# What the gateway looks up, callers do not send.
_LOOKED_UP = "known_"


def fraud(connection: duckdb.DuckDBPyConnection, folder: Path) -> Iterator[dict[str, Any]]:
    """The latest orders, as they stood at checkout; what is unknown is left out."""
    path = (folder / "fraud_orders.parquet").as_posix()
    yield from _named(
        connection,
        f"SELECT COLUMNS(lambda c: c NOT IN {_NOT_ASKED} AND NOT starts_with(c, '{_LOOKED_UP}')) "
        "FROM read_parquet(?) "
        f"WHERE split = 'test' ORDER BY ordered_at DESC, order_id LIMIT {ROWS}",
        path,
    )


def recommendations(
    connection: duckdb.DuckDBPyConnection, folder: Path
) -> Iterator[dict[str, Any]]:
    """What each shopper bought, most recent first, repeats included."""
    path = (folder / "purchases.parquet").as_posix()
    rows = connection.execute(
        "SELECT list(product_id ORDER BY moment DESC, product_id) FROM read_parquet(?) "
        f"WHERE customer >= 0 GROUP BY customer ORDER BY customer LIMIT {ROWS}",
        [path],
    )
    for number, (products,) in enumerate(rows.fetchall()):
        yield {"history": products[:HISTORY_LENGTH], "exclude_bought": number % 2 == 1}


def pricing(connection: duckdb.DuckDBPyConnection, folder: Path) -> Iterator[dict[str, Any]]:
    """Products in their last weeks, each with the band its price may move in."""
    path = (folder / "product_weeks.parquet").as_posix()
    yield from _named(
        connection,
        f"SELECT reference_price * {1 - BAND} AS price_min, reference_price * {1 + BAND} AS "
        f"price_max, {', '.join(_PRICING_ASKED)} FROM read_parquet(?) "
        f"ORDER BY week DESC, product_id LIMIT {ROWS}",
        path,
    )


QUESTIONS = {"fraud": fraud, "recommendations": recommendations, "pricing": pricing}


def _named(
    connection: duckdb.DuckDBPyConnection, query: str, path: str
) -> Iterator[dict[str, Any]]:
    rows = connection.execute(query, [path])
    names = [column[0] for column in rows.description or ()]
    for values in rows.fetchall():
        # Null and NaN alike mean: not known.
        yield {
            name: value
            for name, value in zip(names, values, strict=True)
            if value is not None and value == value  # noqa: PLR0124
        }


def main(arguments: list[str]) -> int:
    """Write one JSON array of rows per model to ``OUT``."""
    out, pairs = Path(arguments[0]), arguments[1:]
    with duckdb.connect(":memory:", config={"memory_limit": "400MB", "threads": 2}) as connection:
        questions = {
            model: list(QUESTIONS[model](connection, Path(folder)))
            for model, folder in zip(pairs[1::2], pairs[0::2], strict=True)
        }
    write_private(out, msgspec.json.encode(questions))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
