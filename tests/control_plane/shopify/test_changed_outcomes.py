"""The outcomes' files follow the inbox, and only what changed of them is written."""

import random
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from control_plane.shopify import changed_outcomes, outcomes
from control_plane.shopify.changed_outcomes import ChangedOutcomes, watch
from control_plane.shopify.effects import put_order
from control_plane.shopify.erased_rows import OF_AN_ORDER
from control_plane.shopify.inbox import open_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.kept import Refund
from control_plane.shopify.outcome_files import PART_BITS, write_files
from tests.control_plane.shopify.test_outcomes import AT, PLACE, dispute, order

OTHER = PLACE._replace(domain="other.myshopify.com")
OLD, NEW = 5, 7 << PART_BITS
SCORED = "UPDATE assessment SET probability = 0.5, state = ? WHERE domain = ? AND order_id = ?"


class Lake:
    """An inbox with its writer, and the files made of it."""

    def __init__(self, folder):
        self.inbox, self.folder = folder / "inbox.db", folder / "outcomes"
        connection = open_inbox(self.inbox)
        watch(connection)
        self.writer = InboxWriter(connection, lambda *_: 0, 100)
        self.writer.start()
        self.job = ChangedOutcomes(self.inbox, self.folder, self.writer)

    def hear(self, number, place=PLACE):
        """A scored order with a refund."""

        def write(inbox):
            put_order(inbox, place, order(number))
            inbox.execute(SCORED, ["sent", place.domain, number])
            outcomes.refund(inbox, place, Refund(number, number, AT, Decimal("1.50"), 0))

        self.writer.write(write)

    def files(self):
        """Name → which file it is and when it was written."""
        found = (path for path in self.folder.glob("*/*"))
        return {
            str(p.relative_to(self.folder)): (p.stat().st_ino, p.stat().st_mtime_ns) for p in found
        }

    def rows(self, folder=None):
        return {
            path.relative_to(folder or self.folder): pq.read_table(path).to_pylist()
            for path in (folder or self.folder).glob("*/*")
        }


@pytest.fixture
def lake(tmp_path):
    made = Lake(tmp_path)
    made.hear(OLD)
    made.hear(NEW)
    yield made
    made.writer.stop()


def test_what_changed_is_written_and_nothing_else(lake):
    assert lake.job.run() == {"outcomes": 2, "assessments": 2}
    first = lake.files()
    assert len(first) == 4
    assert lake.job.run() == {}
    assert lake.files() == first
    lake.hear(NEW + 1)
    assert lake.job.run() == {"outcomes": 2, "assessments": 2}
    second = lake.files()
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {
        f"{table}.parquet/part-00000007.parquet" for table in ("outcomes", "assessments")
    }
    assert pq.read_table(lake.folder / "outcomes.parquet").num_rows == 3


def test_after_a_writing_that_failed_all_is_written(lake, monkeypatch):
    lake.job.run()
    lake.hear(NEW + 1)
    with monkeypatch.context() as patch:
        patch.setattr(changed_outcomes, "write_files", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            lake.job.run()
    assert lake.job.run() == {"outcomes": 3, "assessments": 3}
    assert lake.job.run() == {}


def test_a_file_being_written_anew_does_not_disturb_the_noting(lake):
    lake.job.run()
    lake.writer.alone(lambda inbox: inbox.execute("VACUUM"))
    assert lake.job.run() == {}
    lake.hear(OLD + 1)
    assert lake.job.run() == {"outcomes": 2, "assessments": 2}


def _heard(inbox, place, number, chance):
    put_order(inbox, place, order(number, test=chance.random() < 0.2, currency=chance.choice("EU")))


def _scored(inbox, place, number, chance):
    inbox.execute(SCORED, [chance.choice(["queued", "sent"]), place.domain, number])


def _refunded(inbox, place, number, chance):
    amount = Decimal(chance.randrange(9))
    outcomes.refund(inbox, place, Refund(number, number, AT, amount, chance.randrange(2)))


def _disputed(inbox, place, number, chance):
    status = chance.choice([None, "under_review", "won", "lost"])
    outcomes.dispute(inbox, place, dispute(id=chance.randrange(9), order=number, status=status))


def _forgotten(inbox, place, number, _chance):
    for table, column in OF_AN_ORDER.items():
        inbox.execute(f"DELETE FROM {table} WHERE {column} = ?", [number])


@pytest.mark.parametrize("seed", range(1, 4))
def test_whatever_happens_they_are_as_if_written_whole(lake, tmp_path, seed):
    chance = random.Random(seed)
    numbers = [OLD, OLD + 1, NEW, NEW + 1, NEW << 1]
    events = (_heard, _scored, _refunded, _disputed, _forgotten)
    for turn in range(25):
        place, number = chance.choice([PLACE, OTHER]), chance.choice(numbers)
        happen = chance.choice(events)
        lake.writer.write(lambda inbox: happen(inbox, place, number, chance))  # noqa: B023 - awaited
        if chance.random() < 0.5:
            lake.job.run()
            whole = tmp_path / f"whole-{turn}"
            write_files(lake.inbox, whole)
            assert lake.rows() == lake.rows(whole)
