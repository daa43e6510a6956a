"""Weeks of each window are counted without what fits models."""

import pyarrow as pa
import pytest
from pyarrow import parquet

from bentos.contract.errors import ContractError
from training.pricing.features import WEEKS_FILE
from training.pricing.windows import MIN_ROWS, windows


def test_weeks_of_each_window(tmp_path):
    held_out = [False] * MIN_ROWS + [True] * 3
    parquet.write_table(pa.table({"held_out": held_out}), tmp_path / WEEKS_FILE)
    assert windows(tmp_path) == {"train": MIN_ROWS, "test": 3}
    parquet.write_table(pa.table({"held_out": held_out[4:]}), tmp_path / WEEKS_FILE)
    with pytest.raises(ContractError, match=str(MIN_ROWS)):
        windows(tmp_path)
