"""The steps of a night that are about data, in plain pandas, in a process of their own.

    python -m load_tests.nightly.plain_night ORDERS KEY_FILE FOLDER NOW

Written as one does who knows pandas: vectorised, nothing kept longer than it is needed. What both
sides do with the same libraries (scikit-learn, ONNX, BentoML, LMDB) is left out of it. The last
line of stdout says how long each step took.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pandas as pd

from bentos.contract.identity import Pseudonymizer
from bentos.fraud.schema import FEATURE_NAMES
from load_tests.nightly import plain_features, plain_orders, plain_views
from training.pseudonyms import load_key

SHOP, ZONE, SEED, UNIT_COST = "demo-shop", "Europe/London", 20261122, 0.6
STEPS = (
    "pseudonymise",
    "check",
    "features fraud",
    "split fraud",
    "features recommendations",
    "split recommendations",
    "features pricing",
    "split pricing",
    "views",
)


def run(orders: Path, key: Pseudonymizer, folder: Path, now: datetime) -> dict[str, float]:
    """Every step, written to ``folder`` as ours are to the lake; seconds of each."""
    seconds: dict[str, float] = {}

    @contextmanager
    def step(name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        seconds[name] = round(time.perf_counter() - began, 3)

    with step("pseudonymise"):
        lines = plain_orders.lines_of(orders, key, SHOP)
        lines.to_parquet(folder / "lines.parquet", compression="zstd")
    with step("check"):
        found = plain_orders.check(lines, now)
        assert not found, found
    with step("features fraud"):
        fraud = plain_features.fraud(lines, ZONE, SEED)
        fraud.to_parquet(folder / "fraud_orders.parquet", compression="zstd")
    with step("split fraud"):
        learned = fraud["split"] != "test"
        plain_features.leaks(fraud, "ordered_at", learned, [*FEATURE_NAMES, "label"])
    del fraud
    with step("features recommendations"):
        purchases = plain_features.recommendations(lines)
        purchases.to_parquet(folder / "purchases.parquet", compression="zstd")
    with step("split recommendations"):
        learned = purchases["moment"] < plain_features.border_of(purchases)
        same = ["customer", "order_number", "product_id"]
        plain_features.leaks(purchases, "moment", learned, same)
    del purchases
    with step("features pricing"):
        weeks = plain_features.pricing(lines, UNIT_COST)
        weeks.to_parquet(folder / "product_weeks.parquet", compression="zstd")
    with step("split pricing"):
        plain_features.leaks(weeks, "begins", ~weeks["held_out"], ["product_id", "begins"])
    with step("views"):
        for name, table in plain_views.views(lines, plain_features.end_of_day(lines)).items():
            table.to_parquet(folder / f"{name}.parquet", compression="zstd")
    return seconds


def main() -> None:
    """As the module's documentation says."""
    orders, key, folder, now = sys.argv[1:]
    Path(folder).mkdir(parents=True)
    seconds = run(Path(orders), load_key(Path(key)), Path(folder), datetime.fromisoformat(now))
    print(json.dumps({"seconds": seconds, "pandas": pd.__version__}))


if __name__ == "__main__":
    main()
