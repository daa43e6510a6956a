import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from gateway.shipper.contents import Contents
from gateway.shipper.lawful import Lawful
from gateway.shipper.verification import verify

pytestmark = pytest.mark.acceptance


@pytest.fixture
def identities(shipping, segments):
    segments.write(20)
    segments.write(8)
    found = [Contents(path).identity for path in segments.closed]
    assert shipping.ship_all()
    return found


@pytest.fixture
def check(lake, identities):
    def check(redacted=(), leave_out=0):
        return verify(lake, identities[leave_out:], Lawful(redacted=frozenset(redacted)))

    return check


def change(lake, kind, edit):
    """Rewrite one file of a kind; returns what its table was."""
    path = min(path for paths in lake.names(kind).values() for path in paths)
    table = lake.read(path)
    pq.write_table(edit(table), path)
    return table


def with_column(table, name, values):
    index = table.column_names.index(name)
    return table.set_column(index, table.schema.field(name), [values])


def test_what_was_shipped_verifies(check):
    found = check()
    assert found.ok, found.problems
    assert (found.segments, found.decisions, found.redacted) == (2, 28, 0)
    assert found.unregistered == []


@pytest.mark.parametrize(
    ("column", "edit"),
    [
        ("status", lambda old: [503, *old[1:]]),
        ("served_version", lambda old: ["other", *old[1:]]),
        ("feature_age_s", lambda old: [0.5, *old[1:]]),
        ("commitment", lambda old: [*reversed(old)]),
        ("revision", lambda old: [[1, 9], *old[1:]]),
    ],
)
def test_an_altered_decision_is_found(lake, check, column, edit):
    change(
        lake, "public", lambda table: with_column(table, column, edit(table[column].to_pylist()))
    )
    found = check()
    assert not found.ok
    assert any("its root is" in problem for problem in found.problems)


def test_a_dropped_and_a_doubled_decision_are_found(lake, check):
    table = change(lake, "public", lambda table: table.slice(1))
    assert any("1 are missing" in problem for problem in check().problems)
    doubled = [0, *range(1, table.num_rows), 1]
    change(lake, "public", lambda _: table.take(doubled))
    assert any("1 doubled" in problem for problem in check().problems)


def test_a_missing_file_is_found(lake, check):
    for paths in lake.names("public").values():
        lake._fs.rm(paths[0])
        break
    assert any("are missing" in problem for problem in check().problems)


def test_an_altered_personal_part_is_found(lake, check):
    change(
        lake,
        "personal",
        lambda table: with_column(table, "inputs", ['{"amount":[9]}'] * table.num_rows),
    )
    assert "the personal part was altered" in check().problems[0]


def test_an_erased_row_needs_a_redaction_and_breaks_no_root(lake, check):
    table = change(
        lake, "personal", lambda table: table.filter(pc.not_equal(table["subject"], "S1"))
    )
    gone = [row["decision_id"] for row in table.to_pylist() if row["subject"] == "S1"]
    nobody = [row["decision_id"] for row in table.to_pylist() if row["subject"] is None]
    assert gone
    found = check()
    assert found.problem_count == len(gone) + len(nobody)
    assert all("no redaction says so" in problem for problem in found.problems)
    found = check(redacted=gone + nobody)
    assert found.ok
    assert found.redacted == len(gone) + len(nobody)


def test_files_the_register_does_not_know_are_named(check, identities):
    found = check(leave_out=1)
    assert found.unregistered == [identities[0].name]
    assert any("were never registered" in problem for problem in found.problems)


def test_a_personal_part_of_no_decision_is_found(lake, check):
    change(
        lake,
        "personal",
        lambda table: with_column(
            table, "decision_id", ["stranger", *table["decision_id"].to_pylist()[1:]]
        ),
    )
    problems = check().problems
    assert any("belong to no decision" in problem for problem in problems)
