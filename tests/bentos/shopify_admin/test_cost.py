import pytest

from bentos.shopify_admin import document
from bentos.shopify_admin.cost import Costs, size_factor, stated

PAGES = document.parse("pages", "# cost: 2 + 9 s(first)\nquery Pages($first: Int!) { a }")


@pytest.mark.parametrize(
    ("nodes", "factor"),
    [(0, 1), (1, 1), (3, 2), (5, 3), (10, 4), (20, 5), (50, 7), (100, 9), (250, 11)],
)
def test_the_factor_of_a_page_is_the_one_seen_in_captures(nodes, factor):
    assert size_factor(nodes) == factor


def test_a_document_costs_what_it_states_until_shopify_said_otherwise():
    costs = Costs()
    assert costs.expected(PAGES, {"first": 250}) == 2 + 9 * 11
    costs.learn(PAGES, {"first": 250, "after": "a cursor"}, 90.0)
    assert costs.expected(PAGES, {"first": 250, "after": "another"}) == 90.0
    assert costs.expected(PAGES, {"first": 50}) == 2 + 9 * 7


def test_a_page_without_a_size_counts_as_the_largest():
    assert stated(PAGES.cost, {}) == stated(PAGES.cost, {"first": 250})
