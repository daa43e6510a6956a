"""What DuckDB runs gives what the recorded SQL gives over lines as they are, to the last bit."""

import dataclasses
import random

import pytest

from tests.training.features.sales import MOMENT, computed, line, write_lines
from training.features import dialects, plans
from training.features.customer_views import CUSTOMER_BASKETS
from training.features.order_lines import LINES, TABLE
from training.features.registry import VIEWS
from training.features.view import ENTITY
from training.order_file import literal
from training.orders import connect

# Bytes, not an alphabet, decide which comes first.
CUSTOMERS = (None, "Z", "a", "é", "aa", "B", "01", "1", "\U0001f600", "\ufffd")
MORE = {"small": "1", "a price of nine digits": "99999999.9999"}


def lines_of(seed, dearest):
    """Orders of one and of 51 products, twice the same, of two customers, at one moment."""
    chance = random.Random(seed)
    lines = [line("dear", 2, "B", 3, 2**33, dearest), line("Z" * 20, 40, None, 2**53 - 1)]
    # Neighbours in everything but the customer.
    lines += [line("one", 2, customer, 5) for customer in ("next1", "next2")]
    for number in range(220):
        name = chance.choice(("x", "X", "ü", "")) + str(number)
        customer, days = chance.choice(CUSTOMERS), chance.choice((0, 0.5, 1, 27, 28, 57, 89, 336))
        returned = chance.random() < 0.1
        products = chance.sample(range(70), chance.choice((1, 2, 3, 5, 50, 51)))
        for product in [*products, *chance.choices(products, k=chance.choice((0, 1)))]:
            price = f"{chance.choice((0, 0.01, 3.3333, 7, 12.25)):.4f}"
            other = chance.choice(CUSTOMERS) if chance.random() < 0.02 else customer
            lines.append(
                line(name, days + chance.choice((0, 0, 1e-5)), other, product * 10**9,
                     chance.choice((0, 1, 2, 100)), price,
                     listed=chance.choice((price, "9")), returned=returned)
            )  # fmt: skip
    chance.shuffle(lines)
    return lines


def by_definition(tmp_path, view, lines):
    path = write_lines(tmp_path / "given.parquet", lines)
    with connect() as connection:
        columns = ", ".join(LINES.columns)
        connection.execute(
            f"CREATE VIEW {TABLE} AS SELECT {columns} FROM read_parquet({literal(str(path))})"
        )
        found = connection.execute(dialects.query(view.expr, MOMENT))
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return {row.pop(ENTITY): row for row in rows}


@pytest.mark.parametrize("dearest", MORE.values(), ids=MORE)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.tag)
def test_values_are_those_of_the_recorded_sql(tmp_path, view, dearest):
    lines = lines_of(len(dearest), dearest)
    expected = by_definition(tmp_path, view, lines)
    found = computed(tmp_path, view, lines, threads=2)
    assert len(found) >= len(CUSTOMERS) - 1
    assert list(found) == sorted(expected, key=str.encode)
    assert {entity: repr(fields) for entity, fields in found.items()} == {
        entity: repr(fields) for entity, fields in expected.items()
    }


def test_every_plan_is_of_a_recorded_definition():
    planned = {view.name for view in VIEWS if view.digest in plans.PLANS}
    assert planned == {"customer_baskets", "product_affinity", "product_prices"}
    assert len(planned) == len(plans.PLANS)


def test_a_changed_definition_is_computed_by_its_own_sql():
    expr = CUSTOMER_BASKETS.expr
    other = dataclasses.replace(
        CUSTOMER_BASKETS, version=2, expr=expr.mutate(mean_units=expr.mean_units * 2)
    )
    own = dialects.query(other.expr, MOMENT)
    assert own in plans.query(other, MOMENT)
    assert dialects.query(CUSTOMER_BASKETS.expr, MOMENT) not in plans.query(
        CUSTOMER_BASKETS, MOMENT
    )
