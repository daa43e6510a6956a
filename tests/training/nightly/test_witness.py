"""What gone lines told is there whole or not at all, and redactions find what a kill leaves."""

import duckdb
import pytest

from training.nightly import witness, witnessed
from training.nightly.stuck import Stuck
from training.nightly.witnessed import Seen
from training.redaction import scope

FIRST = Seen(at="1", datasets={"d": "1"})


def lines(place, *orders):
    place.mkdir(parents=True)
    values = ", ".join(
        f"('A', '{order}', TIMESTAMP '2026-01-01', 7, false, 'red')" for order in orders
    )
    columns = f"{witness.TOLD}, colour"
    file = place / "lines.parquet"
    duckdb.sql(f"COPY (FROM (VALUES {values}) AS t({columns})) TO '{file}' (FORMAT parquet)")
    return file


@pytest.fixture
def take_over(tmp_path):
    orders = tmp_path / "orders"
    tonight = lines(orders / "0f", "1", "2")

    def take(*names, seen=FIRST):
        with duckdb.connect() as connection:
            return witness.take_over(connection, orders, tonight, names, seen, Stuck())

    return take


def told(home):
    return duckdb.sql(f"FROM '{home}/orders/witness/lines.parquet' ORDER BY order_id").fetchall()


def test_each_row_is_told_once_and_of_nothing_but_the_order(tmp_path, take_over):
    lines(tmp_path / "orders" / "0a", "1", "3")
    assert take_over("0a") == ("0a",)
    lines(tmp_path / "orders" / "0b", "2", "3", "4")
    assert take_over("0a", "0b") == ("0a", "0b")
    assert [row[1] for row in told(tmp_path)] == ["3", "4"]
    assert len(told(tmp_path)[0]) == 6


def test_where_nothing_is_lost_nothing_is_written(tmp_path, take_over):
    lines(tmp_path / "orders" / "0a", "1")
    assert take_over("0a") == ("0a",)
    assert not (tmp_path / "orders" / "witness").exists()


def test_a_kill_leaves_what_was_told_and_nothing_out_of_a_redaction_s_sight(
    tmp_path, take_over, monkeypatch
):
    def dies(_):
        raise KeyboardInterrupt

    lines(tmp_path / "orders" / "0a", "3")
    take_over("0a")
    lines(tmp_path / "orders" / "0b", "4")
    with monkeypatch.context() as patch:
        patch.setattr(witness.os, "fsync", dies)
        with pytest.raises(KeyboardInterrupt):
            take_over("0b")
    assert [row[1] for row in told(tmp_path)] == ["3"]
    left = tmp_path / "orders" / ".witness" / "lines.parquet"
    assert left in scope.lines_files(tmp_path)
    take_over("0b")
    assert [row[1] for row in told(tmp_path)] == ["3", "4"]
    assert not left.parent.exists()


def forget(home, seen):
    with duckdb.connect() as connection:
        return witness.forget(connection, home / "orders", seen)


def test_rows_go_once_every_dataset_that_stands_is_younger(tmp_path, take_over):
    lines(tmp_path / "orders" / "0a", "3", "4")
    take_over("0a")
    # What later lines still told may be in a dataset that was made of these.
    lines(tmp_path / "orders" / "0b", "4", "5")
    take_over("0b", seen=Seen(at="2", datasets={"d": "1", "e": "2"}))
    assert [(row[1], row[5]) for row in told(tmp_path)] == [("3", "1"), ("4", "2"), ("5", "2")]
    assert forget(tmp_path, Seen(at="3", datasets={"d": "1", "e": "2"})) == 0
    assert forget(tmp_path, Seen(at="3", datasets={"e": "2"})) == 1
    assert [row[1] for row in told(tmp_path)] == ["4", "5"]
    assert forget(tmp_path, Seen(at="3", datasets={"f": "3"})) == 2
    assert told(tmp_path) == []
    assert forget(tmp_path, Seen(at="4")) == 0


@pytest.mark.parametrize("lost", ["when", "which"])
def test_rows_of_nobody_knows_when_stay_until_they_are_dated(tmp_path, take_over, lost):
    lines(tmp_path / "orders" / "0a", "3")
    take_over("0a")
    folder = tmp_path / "orders" / "witness"
    if lost == "which":
        (folder / witnessed.FILE).unlink()
    else:
        lines(tmp_path / "earlier", "3")
        (tmp_path / "earlier" / "lines.parquet").replace(folder / "lines.parquet")
    young = Seen(at="5", datasets={"f": "5"})
    assert forget(tmp_path, young) == 0
    lines(tmp_path / "orders" / "0b", "4")
    take_over("0b", seen=young)
    assert [(row[1], row[-1]) for row in told(tmp_path)] == [("3", "5"), ("4", "5")]
