import pytest

from bentos.contract.errors import ContractError
from bentos.shopify_admin import document
from bentos.shopify_admin.document import Cost

ORDERS = """# A page.
# cost: 2 + 9 s(first)
query Orders($first: Int!, $query: String) {
  orders(first: $first, query: $query) { nodes { id } }
}
"""


@pytest.mark.parametrize("name", document.names())
def test_every_document_of_ours_is_one_operation(name):
    loaded = document.load(name)
    assert loaded.operation in loaded.text
    assert "#" not in loaded.text


def test_a_document_says_what_it_costs_and_what_it_is():
    parsed = document.parse("orders", ORDERS)
    assert parsed.cost == Cost(2, 9, "first")
    assert (parsed.operation, parsed.is_mutation, parsed.repeatable) == ("Orders", False, False)
    assert not parsed.text.startswith("#")


def test_variables_are_written_in_for_a_bulk_operation():
    text = document.parse("orders", ORDERS).inlined({"first": 5, "query": "updated_at:>='2026'"})
    assert text.startswith("query Orders {")
    assert "orders(first: 5, query: \"updated_at:>='2026'\")" in text


def test_a_quote_in_a_value_stays_inside_it():
    text = document.parse("orders", ORDERS).inlined({"first": 5, "query": '") { x } #'})
    assert '"\\") { x } #"' in text


@pytest.mark.parametrize("given", [{}, {"first": 1}, {"first": 1, "query": "", "more": 1}])
def test_a_value_too_few_or_too_many_is_refused(given):
    with pytest.raises(ContractError, match="values of"):
        document.parse("orders", ORDERS).inlined(given)


@pytest.mark.parametrize("name", ["../secrets", "no_such_thing", "Shop_Info", ""])
def test_a_name_that_is_none_is_refused(name):
    with pytest.raises(ContractError, match="document"):
        document.load(name)


@pytest.mark.parametrize(
    "source", ["# cost: 1\n{ shop { id } }", "query A { b }", ORDERS + "query Second { shop }"]
)
def test_a_file_that_is_not_one_named_operation_with_its_cost_is_refused(source):
    with pytest.raises(ContractError, match=r"orders\.graphql"):
        document.parse("orders", source)
