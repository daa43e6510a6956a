"""What lies between an order file and the lake: nobody's name, and nothing once it is over."""

import duckdb
import pytest

from bentos.contract.identity import Pseudonymizer
from bentos.contract.redaction import subject_digest
from tests.training.made_up_shop import made_up_orders, write_orders_export
from training import mapping as mappings
from training import orders, staging
from training.errors import OrderError
from training.staging import Staging

KEY = Pseudonymizer("test", b"k" * 32)


def staged(tmp_path, **changes):
    place = tmp_path / "staged"
    place.mkdir(exist_ok=True)
    given = {"folder": place, "spill": tmp_path / "spill", "shop": "shop", "field": "customers"}
    return Staging(**given | {"key": KEY} | changes)


def read(path, held, threads=1):
    with orders.connect(threads=threads) as connection:
        return orders.sync(connection, path, mappings.load("shopify_orders_export"), "shop", held)


@pytest.fixture
def export(tmp_path):
    return write_orders_export(tmp_path / "o.csv", made_up_orders()[:400])


def test_nobody_is_named_on_the_way(tmp_path, export):
    held = staged(tmp_path)
    read(export, held)
    written = [path for path in held.folder.iterdir() if path.is_file()]
    assert {path.name for path in written} == {staging.PARSED, staging.LINES}
    for path in written:
        columns = duckdb.sql(f"DESCRIBE FROM '{path}'").fetchall()
        named = [c[0] for c in columns if c[1] == "VARCHAR"]
        found = duckdb.sql(
            f"SELECT count(*) FROM '{path}' WHERE contains(concat_ws(' ', {', '.join(named)}), '@')"
        )
        assert found.fetchall() == [(0,)]


def test_lines_are_the_same_as_in_memory_and_their_bytes_on_any_number_of_threads(tmp_path, export):
    digests = set()
    for threads in (1, 3):
        held = staged(tmp_path)
        read(export, held, threads)
        digests.add(held.lines.read_bytes())
    assert len(digests) == 1
    with orders.connect(threads=1) as connection:
        orders.sync(connection, export, mappings.load("shopify_orders_export"), "shop")
        rest = "* EXCLUDE (customer_id)"
        kept = f"SELECT {rest}, customer_id IS NULL FROM read_parquet('{held.lines}')"
        wanted = (
            f"SELECT {rest}, customer_id IS NULL FROM lines ORDER BY ordered_at, order_id, line"
        )
        assert connection.sql(kept).fetchall() == connection.sql(wanted).fetchall()


@pytest.mark.parametrize("kept_as", [str, subject_digest])
def test_who_is_left_out_is_counted_and_in_no_line(tmp_path, export, kept_as):
    whole = read(export, staged(tmp_path))
    lines = staged(tmp_path).lines
    name, count = duckdb.sql(
        f"SELECT customer_id, count(*) FROM '{lines}' WHERE customer_id IS NOT NULL "
        "GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1"
    ).fetchall()[0]
    report = read(export, staged(tmp_path, left_out={kept_as(name), "A" * 26}))
    assert (report.left_out.customers, report.left_out.lines) == (1, count)
    assert report.lines == whole.lines - count
    assert report.lines_without_customer == whole.lines_without_customer
    left = duckdb.sql(f"SELECT count(*) FROM '{lines}' WHERE customer_id = '{name}'")
    assert left.fetchall() == [(0,)]


def test_a_name_where_pseudonyms_are_promised_is_refused_before_it_is_written(tmp_path, export):
    held = staged(tmp_path, key=None)
    with pytest.raises(OrderError, match="pseudonyms"):
        read(export, held)
    assert not list(held.folder.iterdir())


def test_a_folder_goes_and_those_of_the_killed_go_with_it(tmp_path):
    lake = tmp_path / "lake"
    dead = lake / staging.FOLDER / "dead"
    dead.mkdir(parents=True)
    (dead / "parsed.parquet").write_bytes(b"of a run that was killed")
    with staging.folder(lake) as first, staging.folder(lake) as second:
        assert first.is_dir()
        assert second.is_dir()
        assert not dead.exists()
    assert not (lake / staging.FOLDER).exists()
    assert lake.exists()


def test_a_lake_that_was_not_there_is_not_there_afterwards(tmp_path):
    with pytest.raises(RuntimeError), staging.folder(tmp_path / "lake"):
        raise RuntimeError
    assert not (tmp_path / "lake").exists()
