"""The cost formula, against costs that Shopify charged."""

import json
from pathlib import Path

import pytest
from graphql import FragmentDefinitionNode, get_operation_ast, parse

from tests.node_packages import install
from tests.stand_in.shopify import schema
from tests.stand_in.shopify.cost import Calculation, steps

CAPTURED = json.loads((Path(__file__).parent / "captured_costs.json").read_text())["pairs"]


DEAREST = """{ node(id: "gid://shopify/Order/1") {
    ... on Order { customer { id } }
    ... on Customer { lastOrder { customer { id } } }
} }"""


def calculation(query):
    install(schema.FOLDER)
    document = parse(query)
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    made = Calculation(schema.load("2026-10").schema, fragments, {"n": 20})
    return made, get_operation_ast(document)


@pytest.mark.parametrize(
    ("size", "step"), [(1, 1), (3, 2), (5, 3), (10, 4), (20, 5), (50, 7), (100, 9), (250, 11)]
)
def test_steps_of_the_facts(size, step):
    assert steps(size) == step


@pytest.mark.parametrize("pair", CAPTURED, ids=lambda pair: pair["of"].rpartition("/")[2])
def test_captured_costs(pair):
    made, operation = calculation(pair["query"])
    assert made.requested(operation) == pair["requested"]
    if "actual" in pair:
        assert made.actual(operation, pair["data"]) == pair["actual"]


@pytest.mark.parametrize(
    ("query", "cost"),
    [
        ("{ shop { name } }", 1),
        ("{ shop { name plan { shopifyPlus } } }", 2),
        ("{ orders(first: 250) { nodes { id } } }", 13),
        ("{ orders(first: 250) { edges { node { id } } } }", 13),
        ("query($n: Int!) { orders(first: $n) { nodes { id } } }", 7),
        ("{ orders(last: 10) { nodes { id customer { id } } } }", 10),
        ("{ orders(first: 5) { pageInfo { hasNextPage } } }", 2),
        ("{ orders(first: 10) { nodes { id lineItems(first: 10) { nodes { id } } } } }", 30),
        (DEAREST, 3),
        ("{ a: shop { id } ...more } fragment more on QueryRoot { b: shop { id } }", 2),
    ],
)
def test_requested(query, cost):
    made, operation = calculation(query)
    assert made.requested(operation) == cost


def test_no_answer_costs_more_than_was_requested():
    inside = "customer { id } lineItems(first: 3) { nodes { id } }"
    query = f"{{ orders(first: 50) {{ nodes {{ id {inside} }} }} }}"
    made, operation = calculation(query)
    requested = made.requested(operation)
    line = {"lineItems": {"nodes": [{}, {}, {}]}, "customer": {}}
    costs = [
        made.actual(operation, {"orders": {"nodes": [line] * count}}) for count in range(1, 51)
    ]
    assert costs == sorted(costs)
    assert costs[-1] == requested
