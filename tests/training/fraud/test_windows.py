"""Rows of each window are counted without what fits models."""

import pyarrow as pa
import pytest
from pyarrow import parquet

from bentos.contract.errors import ContractError
from training.fraud.features import ORDERS_FILE
from training.fraud.windows import windows


def write(folder, rows):
    columns = dict(zip(("split", "label"), map(list, zip(*rows, strict=True)), strict=True))
    parquet.write_table(pa.table(columns), folder / ORDERS_FILE)


def test_rows_of_each_window(tmp_path):
    both = [(name, label) for name in ("test", "train", "calibrate") for label in (0, 1)]
    write(tmp_path, [*both, ("train", 0), ("test", 0), ("train", 1)])
    assert windows(tmp_path) == {"train": 4, "calibrate": 2, "test": 3}


def test_a_window_without_fraud_is_refused(tmp_path):
    write(tmp_path, [("train", 0), ("train", 1), ("calibrate", 0), ("test", 0), ("test", 1)])
    with pytest.raises(ContractError, match="calibrate window"):
        windows(tmp_path)
