"""Bulk operations through the API, against what was captured from Shopify."""

import json
from collections import Counter

import pytest

from tests.stand_in.shopify.bulk_operations import APART, FIRST_NUMBER
from tests.stand_in.shopify.calling import Calling
from tests.stand_in.shopify.filling import LOCATION

FIELDS = """id status type errorCode createdAt completedAt objectCount rootObjectCount fileSize url
partialDataUrl query"""
RUN = f"""mutation($query: String!, $grouped: Boolean! = false) {{
 bulkOperationRunQuery(query: $query, groupObjects: $grouped) {{
  bulkOperation {{ {FIELDS} }} userErrors {{ field message code }} }} }}"""
CANCEL = f"""mutation($id: ID!) {{ bulkOperationCancel(id: $id) {{
  bulkOperation {{ {FIELDS} }} userErrors {{ field message }} }} }}"""
READ = f"query($id: ID!) {{ bulkOperation(id: $id) {{ {FIELDS} }} }}"
PRODUCTS = "#graphql\n{ products { edges { node { id title } } } }"
ORDERS = """{ orders(query: "updated_at:>='2020-01-01'", sortKey: UPDATED_AT, first: 3) { edges {
 cursor node { id when: createdAt tags test customer { id numberOfOrders
 amountSpent { amount currencyCode } defaultEmailAddress { marketingState } }
 totalPriceSet { shopMoney { amount currencyCode } } shippingAddress { countryCodeV2 }
 risk { recommendation assessments { riskLevel provider { id } facts { description } } }
 transactions { id kind amountSet { shopMoney { amount } } paymentDetails {
  __typename ... on CardPaymentDetails { company bin } ... on LocalPaymentMethodsPaymentDetails {
  paymentDescriptor } } }
 refunds { id createdAt totalRefundedSet { shopMoney { amount } } } disputes { id status }
 ...More lineItems(first: 1) { edges { node { id sku quantity product { id title } variant { id }
 originalUnitPriceSet { shopMoney { amount } } } } pageInfo { hasNextPage } } } } } }
 fragment More on Order { name ... on Node { id } ... on HasEvents { __typename } }"""


PAGE_INFO = " pageInfo { hasNextPage endCursor } } }\n fragment"


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    made = Calling(tmp_path_factory.mktemp("shop"), lines=900)
    yield made
    made.close()


@pytest.fixture
def call(shop):
    yield shop
    # All slots free again, nothing set to fail.
    shop.place.bulk.faults.change({"fail_after_rows": None, "truncate_after": None, "lag_s": 0})
    shop.clock.move(60)


def data(call, query, /, **variables):
    answer = call.answer(query, variables).json()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]


def cost(call, query, /, **variables):
    said = call.answer(query, variables).json()["extensions"]["cost"]
    return said["requestedQueryCost"]


def run(call, query=PRODUCTS, **said):
    return data(call, RUN, query=query, **said)["bulkOperationRunQuery"]


def begun(call, query=PRODUCTS, **said):
    answer = run(call, query, **said)
    assert answer["userErrors"] == []
    number = int(answer["bulkOperation"]["id"].rpartition("/")[2])
    call.place.bulk.written(number)
    return answer["bulkOperation"]


def read(call, operation):
    return data(call, READ, id=operation["id"])["bulkOperation"]


def finished(call, query=PRODUCTS, **said):
    operation = begun(call, query, **said)
    call.clock.move(3)
    return read(call, operation)


def rows(call, operation):
    answer = call.get(operation["url"] or operation["partialDataUrl"])
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def test_created_running_completed(call):
    operation = begun(call)
    made = call.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    expected = {
        "id": operation["id"],
        "status": "CREATED",
        "type": "QUERY",
        "errorCode": None,
        "createdAt": made,
        "completedAt": None,
        "objectCount": "0",
        "rootObjectCount": "0",
        "fileSize": None,
        "url": None,
        "partialDataUrl": None,
        "query": PRODUCTS,
    }
    assert operation == expected
    assert read(call, operation) == expected
    call.clock.move(1)
    running = read(call, operation)
    assert (running["status"], running["url"], running["completedAt"]) == ("RUNNING", None, None)
    call.clock.move(2)
    done = read(call, operation)
    held = rows(call, done)
    assert done["status"] == "COMPLETED"
    assert done["completedAt"] > made
    assert done["objectCount"] == done["rootObjectCount"] == str(len(held))
    assert done["fileSize"] == str(len(call.get(done["url"]).content))
    assert set(map(tuple, held)) == {("id", "title")}
    assert len(held) == call.place.shop.count("Product")


def test_ids_are_apart_as_shopify_s(call):
    first, second = begun(call), begun(call)
    numbers = [int(each["id"].rpartition("/")[2]) for each in (first, second)]
    assert numbers[1] - numbers[0] == APART
    assert numbers[0] >= FIRST_NUMBER


def test_rows_are_what_the_engine_answers(call):
    """Field by field the same as paging through the API, with line items as lines of their own."""
    found = rows(call, finished(call, ORDERS))
    lines = {}
    for row in found:
        if (parent := row.pop("__parentId", None)) is not None:
            lines.setdefault(parent, []).append(row)
    orders = {row["id"]: row for row in found if "/Order/" in row["id"]}
    first = "sortKey: UPDATED_AT, first: "
    paged = ORDERS.replace(f"{first}3", f"{first}25, after: AFTER").replace(
        "first: 1)", "first: 50)"
    )
    paged = paged.replace("} } } } } }\n fragment", "} } } }" + PAGE_INFO)
    seen, after, more = 0, "null", True
    while more:
        page = data(call, paged.replace("AFTER", after))["orders"]
        for edge in page["edges"]:
            node = edge["node"]
            items = [each["node"] for each in node.pop("lineItems")["edges"]]
            assert orders[node["id"]] == node
            assert sorted(map(str, lines[node["id"]])) == sorted(map(str, items))
            seen += 1
        more, after = page["pageInfo"]["hasNextPage"], json.dumps(page["pageInfo"]["endCursor"])
        call.clock.move(10)
    assert seen == len(orders) > 100
    assert sum(map(len, lines.values())) == 900


def test_children_come_after_their_parents_and_far_from_them(call):
    operation = finished(call, ORDERS)
    found = rows(call, operation)
    places = {row["id"]: place for place, row in enumerate(found)}
    gaps = [
        place - places[row["__parentId"]] for place, row in enumerate(found) if "__parentId" in row
    ]
    assert operation["rootObjectCount"] == str(len(places) - len(gaps))
    assert operation["objectCount"] == str(len(found))
    assert len(gaps) == 900
    assert min(gaps) > 0
    assert sorted(gaps)[len(gaps) // 2] > 100
    assert list(found[places[found[0]["id"]]])[-1] != "__parentId"
    assert list(found[-1])[-1] == "__parentId"


def test_grouped_children_follow_their_parent_directly(call):
    last = None
    for row in rows(call, finished(call, ORDERS, grouped=True)):
        last = row["id"] if "__parentId" not in row else last
        assert row.get("__parentId", last) == last


def test_two_levels_below_and_several_kinds_beside_each_other(call):
    query = """{ products { edges { node { id variants { edges { node { id
      product { id } } } } } } } inventoryItems { edges { node { id unitCost { amount }
      inventoryLevels { edges { node { id quantities(names: ["available"]) { name quantity }
      location { id } } } } } } } }"""
    found = rows(call, finished(call, query))
    kinds = Counter(row["id"].split("/")[3] for row in found)
    products = call.place.shop.count("Product")
    expected = ("Product", "ProductVariant", "InventoryItem", "InventoryLevel")
    assert kinds == dict.fromkeys(expected, products)
    level = next(row for row in found if "/InventoryLevel/" in row["id"])
    assert level["quantities"] == [{"name": "available", "quantity": 100}]
    assert level["__parentId"].startswith("gid://shopify/InventoryItem/")


def test_a_connection_below_a_single_object(call):
    query = f"""{{ location(id: "gid://shopify/Location/{LOCATION}") {{ name inventoryLevels {{
      edges {{ node {{ id item {{ sku }} }} }} }} }} }}"""
    found = rows(call, finished(call, query))
    assert len(found) == call.place.shop.count("InventoryLevel") > 0
    assert all("__parentId" not in row for row in found)


def test_nothing_found_is_no_url(call):
    operation = finished(call, '{ orders(query: "id:1") { edges { node { id } } } }')
    assert operation["status"] == "COMPLETED"
    assert (operation["url"], operation["fileSize"], operation["objectCount"]) == (None, None, "0")


def test_five_at_a_time(call):
    ids = [begun(call)["id"] for _ in range(5)]
    refused = run(call)
    assert refused == {
        "bulkOperation": None,
        "userErrors": [
            {
                "field": None,
                "message": "A bulk query operation for this app and shop is already in progress: "
                f"{', '.join(ids)}.",
                "code": "OPERATION_IN_PROGRESS",
            }
        ],
    }
    call.clock.move(3)
    assert run(call)["userErrors"] == []


def test_cancelling(call):
    operation = begun(call)
    call.clock.move(1)
    answer = data(call, CANCEL, id=operation["id"])["bulkOperationCancel"]
    assert answer["userErrors"] == []
    assert answer["bulkOperation"]["status"] == "CANCELING"
    again = data(call, CANCEL, id=operation["id"])["bulkOperationCancel"]
    assert (again["userErrors"], again["bulkOperation"]["status"]) == ([], "CANCELING")
    call.clock.move(2)
    over = read(call, operation)
    assert (over["status"], over["completedAt"], over["fileSize"]) == ("CANCELED", None, None)
    refused = data(call, CANCEL, id=operation["id"])["bulkOperationCancel"]
    text = "A bulk operation cannot be canceled when it is canceled"
    assert refused["userErrors"] == [{"field": None, "message": text}]
    assert refused["bulkOperation"]["status"] == "CANCELED"


def test_what_is_over_cannot_be_cancelled(call):
    answer = data(call, CANCEL, id=finished(call)["id"])["bulkOperationCancel"]
    text = "A bulk operation cannot be canceled when it is completed"
    assert answer["userErrors"] == [{"field": None, "message": text}]


def test_unknown_ids(call):
    answer = data(call, CANCEL, id="gid://shopify/BulkOperation/0")["bulkOperationCancel"]
    error = {"field": ["id"], "message": "Bulk operation does not exist"}
    assert answer == {"bulkOperation": None, "userErrors": [error]}
    assert data(call, READ, id="gid://shopify/BulkOperation/0") == {"bulkOperation": None}


def test_lists_of_operations(call):
    done = finished(call)
    newer = begun(call)
    query = """query($query: String) { bulkOperations(first: 2, reverse: true, query: $query) {
      nodes { id } pageInfo { hasNextPage } } currentBulkOperation { id } }"""
    answer = data(call, query, query=None)
    assert [each["id"] for each in answer["bulkOperations"]["nodes"]] == [newer["id"], done["id"]]
    assert answer["currentBulkOperation"] == {"id": newer["id"]}
    searches = {
        "status:created": [newer["id"]],
        "status:created operation_type:mutation": [],
        f"id:{done['id'].rpartition('/')[2]}": [done["id"]],
        f"created_at:>'{done['createdAt']}'": [newer["id"]],
    }
    for search, ids in searches.items():
        nodes = data(call, query, query=search)["bulkOperations"]["nodes"]
        assert [each["id"] for each in nodes] == ids, search


def test_costs_are_as_captured(call):
    assert cost(call, RUN, query=PRODUCTS) == 10
    assert cost(call, READ, id="gid://shopify/BulkOperation/0") == 1


def test_failing_after_some_rows_leaves_them(call):
    call.place.bulk.faults.change({"fail_after_rows": 7, "error_code": "TIMEOUT"})
    operation = finished(call)
    assert operation["status"] == "FAILED"
    assert operation["errorCode"] == "TIMEOUT"
    assert (operation["url"], operation["objectCount"]) == (None, "7")
    assert len(rows(call, operation)) == 7
    assert finished(call)["status"] == "COMPLETED"


def test_without_the_scope_it_fails(call):
    token = call.place.app.mint(scopes="read_products").text
    query = "{ orders { edges { node { id } } } }"
    answer = call.answer(RUN, {"query": query}, token=token).json()["data"]["bulkOperationRunQuery"]
    call.place.bulk.written(int(answer["bulkOperation"]["id"].rpartition("/")[2]))
    call.clock.move(3)
    operation = read(call, answer["bulkOperation"])
    assert (operation["status"], operation["errorCode"]) == ("FAILED", "ACCESS_DENIED")
    assert operation["partialDataUrl"] is None


def test_results_are_gone_after_a_week(call):
    operation = finished(call)
    call.clock.move(7 * 86_400 - 10)
    assert read(call, operation)["status"] == "COMPLETED"
    assert call.get(operation["url"]).status_code == 200
    call.clock.move(10)
    later = read(call, operation)
    assert (later["status"], later["url"]) == ("EXPIRED", None)
    gone = call.get(operation["url"])
    assert gone.status_code == 400
    assert "<Code>ExpiredToken</Code>" in gone.text


def test_finishing_is_told_once_and_in_lower_case(call):
    said = []
    call.place.bulk.announce_finished()
    call.place.bulk.on_finished = said.append
    operation = begun(call)
    call.place.bulk.announce_finished()
    assert said == []
    call.clock.move(3)
    call.place.bulk.announce_finished()
    call.place.bulk.announce_finished()
    assert said == [
        {
            "admin_graphql_api_id": operation["id"],
            "completed_at": read(call, operation)["completedAt"],
            "created_at": operation["createdAt"],
            "error_code": None,
            "status": "completed",
            "type": "query",
        }
    ]
