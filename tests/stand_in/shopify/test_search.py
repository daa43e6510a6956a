"""Shopify's search syntax and its traps, against the shop's own records."""

import pytest

from tests.stand_in.shopify.hand_clock import HandClock
from tests.stand_in.shopify.records import Kind
from tests.stand_in.shopify.search import InvalidTimestamp, search
from tests.stand_in.shopify.shop import Shop

DAY = 86_400


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Shop(HandClock(), tmp_path_factory.mktemp("shop") / "shop.sqlite3")
    made.fill([])
    start = made.now() - made.now() % DAY
    for n in range(10):
        paid = "PAID" if n % 2 else "REFUNDED"
        body = {"name": f"#{n}", "displayFinancialStatus": paid, "test": n == 3, "tags": [f"t{n}"]}
        body |= {"email": f"p{n}@example.com", "customer": 70 + n % 3}
        made.add(Kind.ORDER, body, number=n + 1, created_at=start + n * DAY + 3600)
    yield made
    made.close()


def found(shop, text):
    return [row.number - 1 for row in shop.page(Kind.ORDER, search(Kind.ORDER, text).condition)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", list(range(10))),
        ("updated_at:>='2026-11-30T01:00:00Z'", [7, 8, 9]),
        ("updated_at:>'2026-11-30T01:00:00Z'", [8, 9]),
        ('updated_at:<"2026-11-25T01:00:00Z"', [0, 1]),
        ("created_at:2026-11-25", [2]),
        ("created_at:>2026-11-30", [8, 9]),
        ("created_at:<=2026-11-24", [0, 1]),
        ("created_at:>=2026-11-24 created_at:<2026-11-26", [1, 2]),
        ("financial_status:paid AND created_at:<2026-11-27", [1, 3]),
        ("name:#1 OR name:#2", [1, 2]),
        ("(name:#1 OR name:#2) AND financial_status:paid", [1]),
        ("-financial_status:paid created_at:<2026-11-26", [0, 2]),
        ("NOT financial_status:paid", [0, 2, 4, 6, 8]),
        ("test:true", [3]),
        ("tag:T4", [4]),
        ("customer_id:71", [1, 4, 7]),
        ("id:>8", [8, 9]),
        ("email:p5*", [5]),
        ("p6@example", [6]),
    ],
)
def test_finds(shop, text, expected):
    assert found(shop, text) == expected
    assert search(Kind.ORDER, text).warnings == []


def test_a_misspelt_field_is_ignored_and_warned_of(shop):
    text = "udpated_at:>='2026-11-30'"
    assert found(shop, text) == list(range(10))
    said = search(Kind.ORDER, text)
    assert said.warnings == [
        {
            "field": "udpated_at",
            "message": "Invalid search field for this query.",
            "code": "invalid_field",
        }
    ]
    assert said.parsed == {"field": "udpated_at", "match_all": "2026-11-30"}


def test_beside_a_known_one_the_known_one_still_counts(shop):
    assert found(shop, "colour:red AND name:#4") == [4]
    assert found(shop, "NOT colour:red") == list(range(10))


def test_a_time_without_quotes_is_no_filter(shop):
    # Captured: "warnings":[{"field":"45",...}] for created_at:>=...T02:45:22.433Z
    text = "created_at:>=2026-11-30T02:45:22.433Z"
    assert found(shop, text) == list(range(10))
    assert [each["field"] for each in search(Kind.ORDER, text).warnings] == ["45"]


def test_a_time_that_is_none_is_refused():
    with pytest.raises(InvalidTimestamp, match="Invalid timestamp for query filter `created_at`"):
        search(Kind.ORDER, "created_at:>=yesterday")


def test_a_count_knows_fewer_fields():
    # Captured: customersCount ignores the e-mail that customers finds.
    only = frozenset({"id", "created_at"})
    assert search(Kind.CUSTOMER, "email:a@example.com").warnings == []
    (warning,) = search(Kind.CUSTOMER, "email:a@example.com", only).warnings
    assert warning["field"] == "email"
