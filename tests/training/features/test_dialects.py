"""SQL of every dialect, and what would mean something else on one of them."""

import re
from datetime import datetime

import ibis
import pytest

from bentos.contract.errors import ContractError
from training.features import dialects
from training.features.order_lines import LINES, MOMENT, days_before, known
from training.features.registry import VIEWS

CUSTOMERS = known().group_by(entity=LINES.customer_id).agg(orders=LINES.order_id.nunique())


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.tag)
def test_no_view_asks_bigquery_for_what_it_has_not(view):
    text = dialects.compiled(view.expr, "bigquery")
    assert "ASOF" not in text.upper()
    assert "TIMESTAMP_SUB" not in text
    assert "DATETIME('1970-01-01T00:00:00')" in text


def test_the_moment_and_days_before_it_are_bound_when_it_is_compiled():
    recent = LINES.filter(LINES.ordered_at >= days_before(28), LINES.ordered_at < MOMENT)
    text = dialects.compiled(recent, "duckdb", datetime(2026, 3, 1, 5, 6, 7, 123456))  # noqa: DTZ001
    assert "MAKE_TIMESTAMP(2026, 3, 1, 5, 6, 7.123456)" in text
    assert "MAKE_TIMESTAMP(2026, 2, 1, 5, 6, 7.123456)" in text
    assert dialects.canonical_sql(recent).count("1970") == 1


@pytest.mark.parametrize("dialect", dialects.DIALECTS)
def test_an_asof_join_is_refused_though_ibis_compiles_it(dialect):
    later = LINES.view()
    joined = LINES.asof_join(later, on="ordered_at", predicates="customer_id")
    assert "ASOF" in ibis.to_sql(joined, dialect="bigquery")
    with pytest.raises(ContractError, match="no ASOF join"):
        dialects.compiled(joined, dialect)


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        (LINES.select(entity=LINES.order_id.hash().cast("string")), "hash|FARM"),
        (LINES.agg(middle=LINES.quantity.median()), "same on all engines"),
        (CUSTOMERS.mutate(t=ibis.ntile(5).over(order_by=CUSTOMERS.orders)), "ends in the entity"),
        (LINES.select(x=MOMENT - ibis.interval(days=2)), "TIMESTAMP_SUB"),
    ],
)
def test_what_differs_between_engines_or_runs_is_refused(expr, said):
    refused = []
    for dialect in dialects.DIALECTS:
        try:
            dialects.compiled(expr, dialect)
        except ContractError as error:
            refused.append(str(error))
        except ibis.common.exceptions.IbisError:
            pass  # Ibis itself knows that this dialect has none
    assert any(re.search(said, text) for text in refused)
