from pathlib import Path

import pytest
from graphql import (
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    parse,
    validate,
    visit,
)

from bentos.contract.errors import ContractError
from bentos.shopify_admin import document
from bentos.shopify_admin.client import VERSION
from bentos.shopify_admin.cost import stated
from bentos.shopify_admin.document import Cost
from tests import node_packages
from tests.stand_in.shopify.cost import Calculation
from tests.stand_in.shopify.schema import load as load_schema

STAND_IN = Path(__file__).resolve().parents[2] / "stand_in" / "shopify"

ORDERS = """# A page.
# cost: 2 + 9 s(first)
query Orders($first: Int!, $query: String) {
  orders(first: $first, query: $query) { nodes { id } }
}
"""


@pytest.fixture(scope="module")
def published():
    """Shopify's own introspection of the version we ask, and its protected fields."""
    node_packages.install(STAND_IN)
    return load_schema(VERSION)


class Selected(Visitor):
    """Which fields of which types a document asks for, and whether they are out of favour."""

    def __init__(self, types):
        super().__init__()
        self.types, self.fields, self.deprecated = types, set(), []

    def enter_field(self, node, *_):
        parent, field = self.types.get_parent_type(), self.types.get_field_def()
        self.fields.add((get_named_type(parent).name, node.name.value))
        if field.deprecation_reason:
            self.deprecated.append(node.name.value)


def selected(schema, text):
    types = TypeInfo(schema)
    found = Selected(types)
    visit(parse(text), TypeInfoVisitor(types, found))
    return found


@pytest.mark.parametrize("name", document.names())
def test_every_document_is_valid_against_shopify_s_schema(published, name):
    schema, protected = published.schema, published.protected
    text = document.load(name).text
    assert [error.message for error in validate(schema, parse(text))] == []
    found = selected(schema, text)
    assert found.fields & protected == set(), "protected customer data is never asked for"
    assert found.deprecated == []


@pytest.mark.parametrize("name", document.names())
def test_a_document_states_what_the_formula_gives(published, name):
    loaded = document.load(name)
    if not loaded.cost.fixed:
        # The text of a bulk operation, which is never sent by itself.
        assert "edges {" in loaded.text
        assert "nodes" not in loaded.text
        return
    for size in (1, 10, 50, 250):
        variables = {loaded.cost.page or "first": size}
        calculation = Calculation(published.schema, {}, variables)
        requested = calculation.requested(parse(loaded.text).definitions[0])
        assert stated(loaded.cost, variables) == requested, f"a page of {size}"


def test_a_protected_field_would_be_found(published):
    schema, protected = published.schema, published.protected
    text = "query Who { customers(first: 1) { nodes { id ...Name } } } "
    text += "fragment Name on Customer { who: email defaultAddress { zip } }"
    found = selected(schema, text)
    assert found.fields & protected == {("Customer", "email"), ("MailingAddress", "zip")}


@pytest.mark.parametrize("name", document.names())
def test_a_mutation_asks_what_was_wrong_and_only_a_mutation_is_repeatable(published, name):
    loaded = document.load(name)
    assert loaded.is_mutation == ("userErrors" in loaded.text)
    assert loaded.is_mutation or not loaded.repeatable
    if loaded.is_mutation:
        root = published.schema.mutation_type.fields[
            parse(loaded.text).definitions[0].selection_set.selections[0].name.value
        ]
        errors = get_named_type(get_named_type(root.type).fields["userErrors"].type)
        assert ("code" in errors.fields) == ("code" in loaded.text)


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
