"""Rows from after the split, and rows on both sides of it, are found in the snapshot's file."""

from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.parquet as pq

from bentos.fraud.schema import FEATURE_NAMES
from training.nightly import leakage
from training.orders import connect

BEGIN = datetime(2026, 1, 1)  # noqa: DTZ001 - as the lake has it


def orders(count=200, learned=150):
    return [
        {
            "ordered_at": BEGIN + timedelta(hours=n),
            "split": "train" if n < learned else "test",
            "label": n % 2,
            **{name: float(n * 31 + place) for place, name in enumerate(FEATURE_NAMES)},
        }
        for n in range(count)
    ]


def find(rows, folder):
    pq.write_table(pa.Table.from_pylist(rows), folder / "fraud_orders.parquet")
    with connect() as connection:
        return leakage.find(connection, folder, leakage.sides_of("fraud", 0))


def test_a_clean_split_passes(tmp_path):
    assert find(orders(), tmp_path) == ((), "2026-01-07 06:00:00", 0)


def test_what_is_learned_from_after_the_split_is_found(tmp_path):
    rows = orders()
    rows[190]["split"] = "train"
    (finding,), border, _ = find(rows, tmp_path)
    assert finding.check == "leakage in time"
    assert border in finding.what
    assert finding.rows == ({"moment": "2026-01-08 22:00:00", "rows": 1},)


def test_a_moment_on_both_sides_is_found(tmp_path):
    rows = orders()
    rows[149]["ordered_at"] = rows[150]["ordered_at"]
    (finding,), _, _ = find(rows, tmp_path)
    assert finding.check == "leakage in time"


def test_rows_on_both_sides_are_found_when_they_are_more_than_chance(tmp_path):
    rows = orders()
    for n in range(150, 155):
        for name in (*FEATURE_NAMES, "label"):
            rows[n][name] = rows[n - 100][name]
    (finding,), _, twins = find(rows, tmp_path)
    assert finding.check == "duplicates across the split"
    assert twins == 5
    assert len(finding.rows) == 5


def test_equal_features_with_another_label_are_no_twins(tmp_path):
    rows = orders()
    for n in range(150, 200):
        for name in FEATURE_NAMES:
            rows[n][name] = rows[n - 101][name]
        rows[n]["label"] = 1 - rows[n - 101]["label"]
    assert find(rows, tmp_path)[2] == 0
