"""How many product weeks each window of the snapshot holds; read without what fits models."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from bentos.contract.errors import ContractError
from training.pricing.features import WEEKS_FILE

MIN_ROWS = 200


def windows(folder: Path) -> dict[str, int]:
    """Rows of each window; raises ContractError where there are too few to learn from."""
    held_out = pq.read_table(folder / WEEKS_FILE, columns=["held_out"])["held_out"].to_numpy()
    if len(held_out) < MIN_ROWS:
        expected = f"at least {MIN_ROWS} of products sold in 12 weeks"
        raise ContractError("product weeks", expected, len(held_out))
    tests = int(np.sum(held_out))
    return {"train": len(held_out) - tests, "test": tests}
