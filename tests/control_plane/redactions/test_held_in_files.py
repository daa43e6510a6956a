"""Rows of the lake about somebody, also while a night writes there."""

import pyarrow as pa
import pyarrow.parquet as pq

from control_plane.redactions.held_in_files import Wanted, rows_of

NAME, OTHER = "A" * 26, "B" * 26


def test_files_that_a_night_is_writing_keep_nobody_from_their_rows(tmp_path):
    table = pa.table({"customer_id": [NAME, OTHER], "order_id": ["1", "2"]})
    whole, half = tmp_path / "orders" / "lines.parquet", tmp_path / "shop" / "orders" / "2.parquet"
    hidden = tmp_path / ".staging" / "x" / "parsed.parquet"
    for path in (whole, half, hidden):
        path.parent.mkdir(parents=True)
        pq.write_table(table, path)
    half.write_bytes(whole.read_bytes()[:100])
    wanted = Wanted(frozenset({NAME}))
    found = dict(rows_of(tmp_path, wanted))
    assert found == {"orders/lines.parquet": [{"customer_id": NAME, "order_id": "1"}]}
    assert wanted.unread == {"shop/orders/2.parquet"}
