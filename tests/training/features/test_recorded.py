"""A version keeps its meaning: what its definition compiles to lies in the repository."""

import dataclasses
import json
import shutil

import pytest

from bentos.contract.errors import ContractError
from bentos.contract.feature_view import check_view
from training.features import recorded
from training.features.customer_views import CUSTOMER_ORDERS
from training.features.dialects import DIALECTS
from training.features.registry import VIEWS, view_of

tags = pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.tag)


@tags
def test_every_view_means_what_its_version_was_recorded_to_mean(view):
    recorded.check(view)
    assert recorded.stale_dialects(view) == []
    check_view(view.declared, "view")
    assert list(view.columns) == ["entity", *view.fields]
    assert view.columns["entity"] == "string"


def test_every_record_is_of_a_view_that_is_there():
    assert {place.name for place in recorded.FOLDER.iterdir()} == {view.tag for view in VIEWS}
    for view in VIEWS:
        held = {path.stem for path in (recorded.FOLDER / view.tag).glob("*.sql")}
        assert held >= set(DIALECTS)


def changed(**changes):
    return dataclasses.replace(CUSTOMER_ORDERS, **changes)


def test_a_changed_definition_without_a_new_version_is_refused_and_told_what_to_do(tmp_path):
    expr = CUSTOMER_ORDERS.expr
    other = changed(expr=expr.mutate(spend=expr.spend * 2))
    for act in (recorded.check, recorded.write):
        with pytest.raises(ContractError) as caught:
            act(other)
        assert CUSTOMER_ORDERS.digest in str(caught.value)
        assert other.digest in str(caught.value)
        assert "version=2" in str(caught.value)
        assert "features check --write" in str(caught.value)


def test_a_new_version_is_recorded_beside_the_old_one(tmp_path):
    assert recorded.write(CUSTOMER_ORDERS, tmp_path)
    before = (tmp_path / "customer_orders@1" / "duckdb.sql").read_bytes()
    expr = CUSTOMER_ORDERS.expr
    second = changed(version=2, expr=expr.mutate(spend=expr.spend * 2))
    with pytest.raises(ContractError, match="expected a record"):
        recorded.check(second, tmp_path)
    assert recorded.write(second, tmp_path)
    recorded.check(second, tmp_path)
    assert not recorded.write(second, tmp_path)
    assert (tmp_path / "customer_orders@1" / "duckdb.sql").read_bytes() == before
    assert second.digest != CUSTOMER_ORDERS.digest


def test_sql_that_drifted_from_its_definition_is_named(tmp_path):
    shutil.copytree(recorded.FOLDER / "customer_orders@1", tmp_path / "customer_orders@1")
    place = tmp_path / "customer_orders@1"
    (place / "bigquery.sql").write_text("SELECT 1")
    (place / "snowflake.sql").unlink()
    assert recorded.stale_dialects(CUSTOMER_ORDERS, tmp_path) == ["bigquery", "snowflake"]


def test_other_columns_are_another_meaning_too(tmp_path):
    recorded.write(CUSTOMER_ORDERS, tmp_path)
    path = tmp_path / "customer_orders@1" / "view.json"
    held = json.loads(path.read_bytes())
    path.write_text(json.dumps(held | {"columns": held["columns"] | {"spend": "float32"}}))
    with pytest.raises(ContractError, match="version=2"):
        recorded.check(CUSTOMER_ORDERS, tmp_path)


def test_an_unknown_view_is_named():
    assert view_of("customer_orders@1") is CUSTOMER_ORDERS
    with pytest.raises(ContractError, match="customer_orders@1"):
        view_of("customer_orders@9")
