"""Values at one moment: the same bytes each time, and read only as what they are."""

import dataclasses
import json
import random
from datetime import timedelta
from pathlib import Path

import pytest

from bentos.contract.errors import ContractError
from tests.training.features.sales import MOMENT, computed, line, write_lines
from training.features import offline, plans
from training.features.coded_lines import coded
from training.features.customer_views import CUSTOMER_ORDERS
from training.features.registry import VIEWS
from training.fingerprint import ROOT
from training.orders import connect


def many(count=3000, seed=3):
    chance = random.Random(seed)
    return [
        line(
            f"o{n // 3}",
            400 - (n // 3) * 0.39,
            customer=f"C{(n // 3) % 97}",
            product=chance.randrange(40),
            quantity=chance.randint(1, 5),
            price=f"{chance.randint(1, 9999) / 100:.2f}",
            listed="100",
        )
        for n in range(count)
    ]


def test_bytes_do_not_depend_on_threads_or_the_order_of_lines(tmp_path):
    lines = many()
    shuffled = lines.copy()
    random.Random(1).shuffle(shuffled)
    for number, (threads, rows) in enumerate([(1, lines), (4, lines), (4, shuffled)]):
        path = write_lines(tmp_path / f"{number}.parquet", rows)
        root = tmp_path / f"features{number}"
        with connect(threads=threads) as connection, coded(connection, path, root) as given:
            for view in VIEWS:
                offline.write(root, view, given, MOMENT)
    for view in VIEWS:
        files = [
            offline.read(tmp_path / f"features{n}", view, MOMENT).read_bytes() for n in range(3)
        ]
        assert files[0] == files[1] == files[2], view.tag
        assert len(files[0]) > 500


def test_the_same_is_not_computed_twice_and_other_lines_are(tmp_path):
    computed(tmp_path, CUSTOMER_ORDERS, many(300))
    path = offline.folder_of(tmp_path / "features", CUSTOMER_ORDERS, MOMENT)
    first = (path / "partition.json").stat().st_ino
    computed(tmp_path, CUSTOMER_ORDERS, many(300))
    assert (path / "partition.json").stat().st_ino == first
    computed(tmp_path, CUSTOMER_ORDERS, many(600))
    assert (path / "partition.json").stat().st_ino != first


def test_what_other_code_computed_is_computed_again(tmp_path):
    """A plan may be mended, or DuckDB's version be another: the definition stays the same."""
    computed(tmp_path, CUSTOMER_ORDERS, many(300))
    path = offline.folder_of(tmp_path / "features", CUSTOMER_ORDERS, MOMENT) / "partition.json"
    made = json.loads(path.read_bytes())
    for changed in ({"code": "0" * 64}, {"code": ""}):
        path.write_text(json.dumps(made | changed))
        computed(tmp_path, CUSTOMER_ORDERS, many(300))
        assert json.loads(path.read_bytes()) == made
    # As it was written before it said what computed it.
    path.write_text(json.dumps({name: value for name, value in made.items() if name != "code"}))
    assert offline.read(tmp_path / "features", CUSTOMER_ORDERS, MOMENT).is_file()
    computed(tmp_path, CUSTOMER_ORDERS, many(300))
    assert json.loads(path.read_bytes()) == made


def test_the_code_that_computes_is_all_of_the_features_and_the_lock(monkeypatch):
    code = offline._code()
    monkeypatch.setattr(offline, "lock_digest", lambda: "another")
    other = offline._code()
    monkeypatch.setattr(offline, "source_digest", lambda folder: f"another {folder}")
    assert len({code, other, offline._code()}) == 3
    assert Path(plans.__file__).parent == ROOT / offline.CODE


def test_partitions_lie_by_view_version_and_moment(tmp_path):
    earlier = MOMENT - timedelta(days=1, microseconds=1)
    for moment in (MOMENT, earlier):
        computed(tmp_path, CUSTOMER_ORDERS, many(300), as_of=moment)
    root = tmp_path / "features"
    assert offline.moments(root, CUSTOMER_ORDERS) == (earlier, MOMENT)
    assert (root / "customer_orders" / "1" / "20260301T000000.000000Z" / "values.parquet").is_file()


def test_values_of_another_version_or_definition_are_not_read(tmp_path):
    computed(tmp_path, CUSTOMER_ORDERS, many(300))
    root = tmp_path / "features"
    second = dataclasses.replace(CUSTOMER_ORDERS, version=2)
    with pytest.raises(ContractError, match="expected values to be there"):
        offline.read(root, second, MOMENT)
    # Moved into its place they are still not its own.
    offline.folder_of(root, CUSTOMER_ORDERS, MOMENT).parent.rename(root / "customer_orders" / "2")
    with pytest.raises(ContractError, match="customer_orders@1 of the definition"):
        offline.read(root, second, MOMENT)
    expr = CUSTOMER_ORDERS.expr
    other = dataclasses.replace(CUSTOMER_ORDERS, expr=expr.mutate(spend=expr.spend * 2))
    computed(tmp_path, CUSTOMER_ORDERS, many(300))
    with pytest.raises(ContractError, match=f"expected the definition {other.digest}"):
        offline.read(root, other, MOMENT)


def test_a_changed_definition_is_not_even_computed(tmp_path):
    expr = CUSTOMER_ORDERS.expr
    other = dataclasses.replace(CUSTOMER_ORDERS, expr=expr.mutate(spend=expr.spend * 2))
    with pytest.raises(ContractError, match="version=2"):
        computed(tmp_path, other, many(30))
    assert not (tmp_path / "features").exists()


def test_damaged_values_are_refused_and_computed_again(tmp_path):
    computed(tmp_path, CUSTOMER_ORDERS, many(300))
    root = tmp_path / "features"
    path = offline.read(root, CUSTOMER_ORDERS, MOMENT)
    before = path.read_bytes()
    path.write_bytes(before[:-1] + b"\0")
    with pytest.raises(ContractError, match="other bytes"):
        offline.read(root, CUSTOMER_ORDERS, MOMENT)
    computed(tmp_path, CUSTOMER_ORDERS, many(300))
    assert path.read_bytes() == before
