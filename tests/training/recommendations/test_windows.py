"""Purchases are split where 85 of a hundred orders lie before."""

from datetime import UTC

from tests.training.features.sales import line, write_lines
from training.orders import connect
from training.recommendations import windows
from training.recommendations.features import write_snapshot


def test_purchases_of_each_window(tmp_path):
    lines = [line(f"o{n:02d}", 20 - n, product=product) for n in range(20) for product in (1, 2)]
    path = write_lines(tmp_path / "lines.parquet", lines)
    with connect() as connection:
        assert write_snapshot(connection, path, tmp_path, as_of=None) == 40
    assert windows.windows(tmp_path) == {"train": 34, "test": 6}
    assert windows.border(tmp_path) == int(lines[34][1].replace(tzinfo=UTC).timestamp() * 1e6)
