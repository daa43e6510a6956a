"""Only listed columns, of their types, come into the lake."""

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bentos.contract.errors import ContractError
from tests.training.consents import give_consents
from training import allowed_columns, priced_lines, run
from training.lines import OrderSource, prepare_lines
from training.settings import Settings


def test_every_file_of_a_whole_run_is_listed(trained):
    files = [*(trained.home / "lake").rglob("lines.parquet")]
    files += (trained.home / "lake" / "snapshots").rglob("*.parquet")
    assert {path.name for path in files} == set(allowed_columns.ALLOWED)
    for path in files:
        allowed_columns.check(path)
        # Every allowed column is or was in use: nothing is allowed for a day to come.
        earlier = allowed_columns.EARLIER.get(path.name, frozenset())
        assert set(pq.read_schema(path).names) == {*allowed_columns.ALLOWED[path.name]} - earlier


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("email", pa.array(["a@example.com"])),
        ("note", pa.array(["leave it with the neighbour"])),
        ("quantity", pa.array(["one"])),
        ("order_id", pa.array([b"#1001"])),
    ],
)
def test_a_file_with_anything_else_is_refused(tmp_path, column, values):
    path = tmp_path / "lines.parquet"
    good = {"order_id": pa.array(["#1001"]), "quantity": pa.array([1])}
    pq.write_table(pa.table(good), path)
    allowed_columns.check(path)
    pq.write_table(pa.table(good | {column: values}), path)
    with pytest.raises(ContractError, match=column):
        allowed_columns.check(path)


def test_a_file_nobody_listed_is_refused(tmp_path):
    pq.write_table(pa.table({"shop": ["a"]}), tmp_path / "customers.parquet")
    with pytest.raises(ContractError, match="nobody listed"):
        allowed_columns.check_folder(tmp_path)


def test_a_column_more_in_memory_stays_behind(tmp_path, orders_export, monkeypatch):
    """What a change upstream would bring along, were the list one of things to drop."""
    lines = priced_lines.query

    def with_more(*arguments):
        return f"SELECT *, 'Plantednote' AS note FROM ({lines(*arguments)})"

    monkeypatch.setattr(priced_lines, "query", with_more)
    settings = Settings(home=tmp_path / "home")
    give_consents(settings.home)
    lines = prepare_lines(settings, OrderSource(orders=orders_export))
    assert set(pq.read_schema(lines.path).names) == set(allowed_columns.LINES)


def test_a_snapshot_with_a_column_more_is_never_stored(tmp_path, orders_export, monkeypatch):
    settings = Settings(home=tmp_path / "home")
    give_consents(settings.home)
    lines = prepare_lines(settings, OrderSource(orders=orders_export))
    request = run.Request(model="recommendations", seed=1)
    made = run.recipe(request.model)

    def snapshot(settings, lines, request, folder):
        rows = made.snapshot(settings, lines, request, folder)
        path = folder / "purchases.parquet"
        pq.write_table(pq.read_table(path).append_column("email", pa.nulls(rows)), path)
        return rows

    changed = msgspec.structs.replace(made, snapshot=snapshot)
    monkeypatch.setattr(run, "recipe", lambda _: changed)
    with pytest.raises(ContractError, match="email"):
        run.make_snapshot(settings, lines, request)
    assert list((settings.lake / "snapshots").iterdir()) == []
