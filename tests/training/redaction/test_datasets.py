"""Whose a row is, in datasets that name nobody."""

import duckdb
import pytest

from training.lake import store_snapshot
from training.orders import connect
from training.redaction.datasets import Datasets
from training.redaction.rows import Rows
from training.redaction.scope import Purchase, Scope
from training.redaction.work import Work

DAY = 86_400_000_000
SUBJECT = "ABCDEFGHIJKLMNOPQRSTUVWX27"
PURCHASES = (
    "purchases.parquet",
    "customer INTEGER, order_number INTEGER, moment BIGINT, product_id BIGINT",
)


class Lake:
    def __init__(self, folder):
        self.folder = folder

    def snapshot(self, name, columns, values):
        filled = self.folder / "snapshots/filled"
        filled.mkdir(parents=True)
        with duckdb.connect() as connection:
            connection.execute(f"CREATE TABLE t ({columns})")
            places = ", ".join("?" * len(values[0]))
            connection.executemany(f"INSERT INTO t VALUES ({places})", values)
            connection.execute(f"COPY t TO '{filled / name}' (FORMAT parquet)")
        return store_snapshot(self.folder, filled, len(values)).digest

    def erased(self, digest, *purchases):
        """What is held of a person, and which rows are left of the dataset; None: nothing."""
        work = Work(id="r", scope=Scope())
        scope = Scope(subjects=(SUBJECT,), purchases=tuple(Purchase(*each) for each in purchases))
        with connect() as connection:
            datasets = Datasets(self.folder, Rows(connection, scope.subjects, ()), scope)
            held = datasets.held(work).get(digest, 0)
            if not held:
                return 0, None
            datasets.erase(digest, work)
            datasets.remove(digest)
            assert digest not in datasets.held(work)
        left = work.snapshots[digest]
        if left is None:
            return held, None
        (path,) = (self.folder / "snapshots" / left).iterdir()
        return held, duckdb.sql(f"FROM '{path}'").fetchall()


@pytest.fixture
def lake(tmp_path):
    return Lake(tmp_path)


def test_a_guest_is_known_by_the_order_and_a_customer_by_most_of_theirs(lake):
    theirs = [(0, 1, 10, 1), (0, 1, 10, 2), (0, 4, 40, 1)]
    # A guest's order of the same moment and products; another's of the same moment.
    guests = [(-1, 2, 20, 1), (-1, 3, 20, 2)]
    others = [(1, 5, 10, 3), (2, 6, 40, 1), (2, 7, 50, 1), (2, 8, 60, 1)]
    digest = lake.snapshot(*PURCHASES, theirs + guests + others)
    known = [("a", 10, 1), ("a", 10, 2), ("b", 20, 1), ("c", 40, 1)]
    assert lake.erased(digest, *known) == (4, [guests[1], *others])


def test_orders_that_changed_since_do_not_hide_a_customer(lake):
    rows = [(0, 1, 10, 1), (0, 2, 20, 2), (1, 3, 30, 3)]
    digest = lake.snapshot(*PURCHASES, rows)
    assert lake.erased(digest, ("a", 10, 1)) == (2, [rows[2]])


def test_sums_over_buyers_go_whole_if_the_person_is_in_them_and_else_stay(lake):
    columns = "product_id BIGINT, week INTEGER, begins DATE, units FLOAT"
    weeks = [(1, 0, "1970-01-01", 2.0), (1, 1, "1970-01-08", 0.0), (2, 0, "1970-01-01", 5.0)]
    digest = lake.snapshot("product_weeks.parquet", columns, weeks)
    assert lake.erased(digest, ("a", 8 * DAY, 1), ("b", 8 * DAY, 2)) == (0, None)
    assert lake.erased(digest, ("a", 6 * DAY, 1)) == (1, None)
    assert not (lake.folder / "snapshots" / digest).exists()


def test_a_dataset_of_nobody_else_leaves_nothing(lake):
    digest = lake.snapshot(*PURCHASES, [(0, 1, 10, 1)])
    assert lake.erased(digest, ("a", 10, 1)) == (1, None)
