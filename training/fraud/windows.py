"""How many orders each window of the snapshot holds; read without what fits models."""

from pathlib import Path

import pyarrow.parquet as pq

from bentos.contract.errors import ContractError
from training.fraud.features import ORDERS_FILE

WINDOWS = ("train", "calibrate", "test")


def windows(folder: Path) -> dict[str, int]:
    """Rows of each window; raises ContractError where one has not both fraud and no fraud."""
    labels = pq.read_table(folder / ORDERS_FILE, columns=["split", "label"])
    counted = labels.group_by(["split", "label"]).aggregate([([], "count_all")]).to_pylist()
    for name in WINDOWS:
        if sum(row["split"] == name for row in counted) < 2:
            raise ContractError(
                f"orders in the {name} window", "both fraud and no fraud", "too few orders"
            )
    return {
        name: sum(row["count_all"] for row in counted if row["split"] == name) for name in WINDOWS
    }
