import pytest

from bentos.contract.errors import ContractError
from training import mapping

MINIMAL = """
name = "mine"
currency = "EUR"
[columns]
order_id = "o"
ordered_at = "t"
product_id = "p"
quantity = "q"
unit_price = "u"
"""


def test_five_mappings_come_along():
    assert mapping.included() == (
        "complete_journey",
        "online_retail",
        "shop",
        "shopify_orders_export",
        "ta_feng",
    )


@pytest.mark.parametrize("name", mapping.included())
def test_included_mapping_is_guessed_from_its_own_columns(name):
    loaded = mapping.load(name)
    assert mapping.guess((*loaded.detect, "another column"), "file").name == name


def test_unknown_columns_are_refused_with_the_way_out():
    with pytest.raises(ContractError, match="--mapping") as caught:
        mapping.guess(("a", "b"), "orders.csv")
    assert caught.value.field == "orders.csv columns"


def test_columns_of_two_mappings_are_ambiguous():
    both = mapping.load("ta_feng").detect + mapping.load("online_retail").detect
    with pytest.raises(ContractError, match="exactly one"):
        mapping.guess(both, "orders.csv")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("unit_price", "unit_pirce"), "unit_pirce"),
        (('unit_price = "u"', ""), "exactly one of unit_price and line_total"),
        (('currency = "EUR"', ""), "a currency"),
        (("[columns]", "[columns"), "TOML"),
    ],
)
def test_a_wrong_mapping_names_its_mistake(change, complaint):
    assert mapping.parse(MINIMAL, "mine.toml").name == "mine"
    with pytest.raises(ContractError, match=complaint) as caught:
        mapping.parse(MINIMAL.replace(*change), "mine.toml")
    assert "mine.toml" in caught.value.field


def test_an_exclusion_tests_one_thing_a_column():
    twice = MINIMAL + '[[exclude]]\nreason = "r"\nwhen = [{column = "q", below = 0, equals = 1}]\n'
    with pytest.raises(ContractError, match="not one"):
        mapping.parse(twice, "mine.toml")
