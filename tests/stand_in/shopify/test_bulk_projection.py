"""Every bulk document of ours gives the rows that paging with it would give."""

import json

import pytest

from bentos.shopify_admin import document
from tests.stand_in.shopify.calling import Calling
from training.shop.streams import BULK

RUN = """mutation($query: String!) { bulkOperationRunQuery(query: $query) {
 bulkOperation { id } userErrors { message } } }"""
READ = "{ currentBulkOperation { status errorCode url } }"
CHANGED = {"changed": "updated_at:>='2020-01-01T00:00:00Z'"}
NAMES = [name for stream in BULK for name in (stream.document, stream.sweep)]


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    made = Calling(tmp_path_factory.mktemp("shop"), lines=120)
    yield made
    made.close()


def text_of(name):
    found = document.load(name)
    return found.inlined(CHANGED if "$changed" in found.text else None)


@pytest.mark.parametrize("name", NAMES)
def test_rows_of(call, name):
    begun = call(RUN, {"query": text_of(name)})["data"]["bulkOperationRunQuery"]
    assert begun["userErrors"] == []
    call.place.bulk.written(int(begun["bulkOperation"]["id"].rpartition("/")[2]))
    call.clock.move(3)
    operation = call(READ)["data"]["currentBulkOperation"]
    assert (operation["status"], operation["errorCode"]) == ("COMPLETED", None)
    rows = [json.loads(line) for line in call.get(operation["url"]).text.splitlines()]
    assert sorted(map(canonical, rows)) == sorted(map(canonical, paged(call, name)))


def canonical(row):
    return json.dumps(row, sort_keys=True)


def paged(call, name):
    """The same rows by pages, with children taken out of their parents' lines."""
    after, more = None, True
    head, _, tail = text_of(name).partition("edges")
    field, _, said = head.partition("{")[2].rpartition("{")[0].strip().partition("(")
    inside = f"({said.removesuffix(')')}, " if said else "("
    while more:
        page = f"{{ {field}{inside}first: 20, after: {json.dumps(after)}) {{"
        query = f"{page} pageInfo {{ hasNextPage endCursor }} edges {inner(tail)}"
        answer = call(query)
        assert "errors" not in answer, (answer["errors"], query)
        found = answer["data"][field]
        for edge in found["edges"]:
            yield from flat(edge["node"])
        more, after = found["pageInfo"]["hasNextPage"], found["pageInfo"]["endCursor"]


def inner(tail):
    """Connections below need a size when paged."""
    for name in ("lineItems", "variants", "inventoryLevels"):
        tail = tail.replace(f"{name} {{", f"{name}(first: 50) {{")
    return tail


def flat(node):
    below = {k: v for k, v in node.items() if isinstance(v, dict) and "edges" in v}
    yield {k: v for k, v in node.items() if k not in below}
    for held in below.values():
        for edge in held["edges"]:
            yield {**edge["node"], "__parentId": node["id"]}
