"""Answers of the GraphQL endpoint, against shapes captured from Shopify."""

import pytest

from tests.stand_in.shopify.calling import Calling
from tests.stand_in.shopify.faults import Fault
from tests.stand_in.shopify.records import Kind, timestamp

ORDERS = "{ orders(first: 1) { nodes { id } } }"


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    made = Calling(tmp_path_factory.mktemp("shop"))
    yield made
    made.close()


def error(answer):
    (found,) = answer["errors"]
    return found


def test_a_wrong_token(call):
    answer = call.answer(ORDERS, token="shpat_wrong")
    assert answer.status_code == 401
    assert answer.json() == {
        "errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"
    }


def test_an_expired_token_is_a_wrong_one(call):
    token = call.place.app.mint(3600).text
    assert call.answer(ORDERS, token=token).status_code == 200
    call.clock.move(3600)
    assert call.answer(ORDERS, token=token).status_code == 401


def test_a_token_of_the_old_kind(call):
    answer = call.answer(ORDERS, token=call.place.app.mint(outdated=True).text)
    assert answer.status_code == 403
    assert answer.json()["errors"].startswith(
        "[API] Non-expiring access tokens are no longer accepted for the Admin API. "
        "Start using expiring offline tokens: "
    )


@pytest.mark.parametrize(("asked", "used"), [("2026-10", "2026-10"), ("2024-07", "2026-01")])
def test_says_which_version_answered(call, asked, used):
    answer = call.answer("{ shop { name } }", version=asked)
    assert answer.headers["X-Shopify-API-Version"] == used
    assert answer.json()["data"] == {"shop": {"name": "Demo"}}


def test_no_such_version(call):
    answer = call.answer(ORDERS, version="2031-01")
    assert (answer.status_code, answer.json()) == (404, {"errors": "Not Found"})


def test_no_query(call):
    path, headers = "/admin/api/2026-10/graphql.json", {"X-Shopify-Access-Token": call.token}
    for body in ({"json": {}}, {"content": b"no json"}, {"json": []}):
        answer = call.post(path, headers, **body)
        assert answer.status_code == 400
        assert answer.json() == {"errors": {"query": "Required parameter missing or invalid"}}


def test_cost_is_told_with_every_answer(call):
    answer = call("{ orders(first: 20) { nodes { id customer { id } } } }")
    assert answer["extensions"]["cost"] == {
        "requestedQueryCost": 12,
        "actualQueryCost": 12,
        "throttleStatus": {
            "maximumAvailable": 2000.0,
            "currentlyAvailable": 1988,
            "restoreRate": 100.0,
        },
    }


def test_what_was_not_found_is_not_paid(call):
    answer = call("{ orders(first: 250, query: \"name:'#1001'\") { nodes { id } } }")
    cost = answer["extensions"]["cost"]
    assert (cost["requestedQueryCost"], cost["actualQueryCost"]) == (13, 3)
    assert cost["throttleStatus"]["currentlyAvailable"] == 1997


def test_throttled(call):
    call.clock.move(60)
    query = "{ orders(first: 250) { nodes { id lineItems(first: 50) { nodes { id } } } } }"
    requested = 2 + 11 * (1 + 2 + 7 * 1)
    call.place.bucket.take(2000 - 100, call.clock.monotonic())
    answer = call.answer(query)
    assert answer.status_code == 200
    assert answer.json() == {
        "errors": [
            {
                "message": "Throttled",
                "extensions": {
                    "code": "THROTTLED",
                    "documentation": "https://shopify.dev/api/usage/rate-limits",
                },
            }
        ],
        "extensions": {
            "cost": {
                "requestedQueryCost": requested,
                "actualQueryCost": None,
                "throttleStatus": {
                    "maximumAvailable": 2000.0,
                    "currentlyAvailable": 100,
                    "restoreRate": 100.0,
                },
            }
        },
    }
    call.clock.move((requested - 100) / 100)
    assert "data" in call.answer(query).json()


def test_too_expensive(call):
    query = "{ orders(first: 250) { nodes { id lineItems(first: 250) { nodes { product { id } " * 1
    query += "variant { id } discountAllocations { allocatedAmountSet { shopMoney { amount } } } "
    query += "product2: product { variants(first: 250) { nodes { id } } } } } } } }"
    found = error(call(query))
    cost = found["extensions"]["cost"]
    assert cost > 1000
    assert found["message"].startswith(
        f"Query cost is {cost}, which exceeds the single query max cost limit (1000).\n\nSee "
    )
    assert (
        found["extensions"] | {"code": "MAX_COST_EXCEEDED", "maxCost": 1000}
        == (found["extensions"])
    )


def test_too_many_in_a_list(call):
    ids = [f"gid://shopify/Order/{n}" for n in range(251)]
    answer = call("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"ids": ids})
    found = error(answer)
    assert found["message"] == (
        "The input array size of 251 is greater than the maximum allowed of 250."
    )
    assert found["extensions"] == {"code": "MAX_INPUT_SIZE_EXCEEDED"}
    assert found["path"] == ["nodes", "ids"]
    assert answer["extensions"]["cost"]["actualQueryCost"] is None


def test_a_scope_is_missing(call):
    token = call.place.app.mint(scopes="read_products").text
    answer = call(ORDERS, token=token)
    required = (
        "`read_orders` access scope, `read_marketplace_orders` access scope or `read_quick_sale` "
        "access scope."
    )
    assert answer["data"] is None
    assert error(answer) == {
        "message": f"Access denied for orders field. Required access: {required}",
        "locations": [{"line": 1, "column": 3}],
        "path": ["orders"],
        "extensions": {
            "code": "ACCESS_DENIED",
            "documentation": "https://shopify.dev/api/usage/access-scopes",
            "requiredAccess": required,
        },
    }


def test_writing_includes_reading(call):
    token = call.place.app.mint(scopes="write_orders").text
    assert "errors" not in call(ORDERS, token=token)


def test_personal_fields_are_null_without_approval(call):
    token = call.place.app.mint(level=1).text
    answer = call("{ orders(first: 1) { nodes { id email clientIp } } }", token=token)
    (node,) = answer["data"]["orders"]["nodes"]
    assert node["email"] is None
    assert node["clientIp"]
    assert error(answer) == {
        "message": "This app is not approved to use the email field. See "
        "https://partners.shopify.com/123/apps/456/customer_data for more details.",
        "locations": [{"line": 1, "column": 33}],
        "path": ["orders", "nodes", 0, "email"],
    }


def test_customers_are_closed_without_any_approval(call):
    token = call.place.app.mint(level=0).text
    answer = call('{ customer(id: "gid://shopify/Customer/7000000001") { id } }', token=token)
    assert answer["data"] == {"customer": None}
    assert error(answer)["message"] == (
        "This app is not approved to access the Customer object. See "
        "https://partners.shopify.com/123/apps/456/customer_data for more details."
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (
            "{ orders(first: 1) { nodes { iban } } }",
            {
                "message": "Field 'iban' doesn't exist on type 'Order'",
                "locations": [{"line": 1, "column": 30}],
                "path": ["query", "orders", "nodes", "iban"],
                "extensions": {
                    "code": "undefinedField",
                    "typeName": "Order",
                    "fieldName": "iban",
                },
            },
        ),
        (
            "query One { order { id } }",
            {
                "message": "Field 'order' is missing required arguments: id",
                "locations": [{"line": 1, "column": 13}],
                "path": ["query One", "order"],
                "extensions": {
                    "code": "missingRequiredArguments",
                    "className": "Field",
                    "name": "order",
                    "arguments": "id",
                },
            },
        ),
        (
            "{ orders(first: 1, sortKey: PRICE) { nodes { id } } }",
            {
                "message": "Argument 'sortKey' on Field 'orders' has an invalid value (PRICE). "
                "Expected type 'OrderSortKeys'.",
                "locations": [{"line": 1, "column": 3}],
                "path": ["query", "orders", "sortKey"],
                "extensions": {
                    "code": "argumentLiteralsIncompatible",
                    "typeName": "Field",
                    "argumentName": "sortKey",
                },
            },
        ),
    ],
)
def test_what_does_not_fit_the_schema(call, query, expected):
    assert call(query) == {"errors": [expected]}


def test_a_variable_without_value(call):
    assert error(call("query($id: ID!) { order(id: $id) { id } }")) == {
        "message": "Variable $id of type ID! was provided invalid value",
        "locations": [{"line": 1, "column": 7}],
        "extensions": {
            "code": "INVALID_VARIABLE",
            "value": None,
            "problems": [{"path": [], "explanation": "Expected value to not be null"}],
        },
    }


def test_problems_of_an_input_are_told_one_by_one(call):
    # Shape captured from refundCreate (refund-create-attribution-validation.json).
    query = "mutation($input: OrderRiskAssessmentCreateInput!) { orderRiskAssessmentCreate("
    query += "orderRiskAssessmentInput: $input) { userErrors { message } } }"
    given = {"orderId": "gid://shopify/Order/1", "riskLevel": "LOW", "facts": [], "userId": 0}
    assert error(call(query, {"input": given})) == {
        "message": "Variable $input of type OrderRiskAssessmentCreateInput! was provided invalid "
        "value for userId (Field is not defined on OrderRiskAssessmentCreateInput)",
        "locations": [{"line": 1, "column": 10}],
        "extensions": {
            "code": "INVALID_VARIABLE",
            "value": given,
            "problems": [
                {
                    "path": ["userId"],
                    "explanation": "Field is not defined on OrderRiskAssessmentCreateInput",
                }
            ],
        },
    }


def test_ids_that_are_none_and_ids_of_another_kind(call):
    assert call('query One { order(id: "not-a-gid") { id } }')["errors"] == [
        {
            "message": "Invalid global id 'not-a-gid'",
            "locations": [{"line": 1, "column": 13}],
            "path": ["query One", "order", "id"],
            "extensions": {"code": "argumentLiteralsIncompatible", "typeName": "CoercionError"},
        }
    ]
    answer = call('{ order(id: "gid://shopify/Product/1") { id } }')
    assert answer["data"] == {"order": None}
    assert error(answer)["message"] == "Invalid id: gid://shopify/Product/1"
    assert error(answer)["extensions"] == {"code": "RESOURCE_NOT_FOUND"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("", "you must provide one of first or last"),
        ("(first: 1, last: 1)", "providing both first and last is not supported"),
        ('(first: 1, after: "bm9uZQ==")', "Invalid cursor for current pagination sort."),
        ("(first: 1, query: \"created_at:>'soon'\")", "Invalid timestamp for query filter"),
    ],
)
def test_arguments_that_only_shopify_minds(call, arguments, message):
    answer = call(f"{{ orders{arguments} {{ nodes {{ id }} }} }}")
    assert answer["data"] is None
    assert message in error(answer)["message"]
    assert error(answer)["extensions"] == {"code": "BAD_REQUEST"}
    assert error(answer)["path"] == ["orders"]


def test_an_ignored_filter_is_told_of(call):
    said = call('{ orders(first: 1, query: "udated_at:2026-01-01") { nodes { id } } }')
    (search,) = said["extensions"]["search"]
    assert search["path"] == ["orders"]
    assert search["warnings"][0]["code"] == "invalid_field"
    assert len(said["data"]["orders"]["nodes"]) == 1


def test_sixty_days_unless_all_orders_may_be_read(call):
    short = call.place.app.mint(scopes="read_orders,read_customers").text
    everything = list(call.pages("orders", "first: 100", "id createdAt"))
    count = "{ ordersCount { count precision } }"
    assert call(count)["data"]["ordersCount"]["count"] == len(everything)
    start = timestamp(call.place.shop.now() + 60 - 60 * 86_400)
    newest = sum(each["createdAt"] >= start for each in everything)
    assert 0 < newest < len(everything)
    assert call(count, token=short)["data"]["ordersCount"]["count"] == newest
    old = f'{{ order(id: "{everything[0]["id"]}") {{ id }} }}'
    assert call(old)["data"]["order"]
    assert call(old, token=short)["data"] == {"order": None}


@pytest.mark.parametrize("sort", ["CREATED_AT", "UPDATED_AT", "PROCESSED_AT", "ID"])
@pytest.mark.parametrize("reverse", ["true", "false"])
def test_pages_miss_nothing_and_repeat_nothing(call, sort, reverse):
    arguments = f"first: 37, sortKey: {sort}, reverse: {reverse}"
    nodes = list(call.pages("orders", arguments, "id createdAt updatedAt processedAt"))
    assert len({each["id"] for each in nodes}) == len(nodes) == call.place.shop.count(Kind.ORDER)
    key = {"CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt", "PROCESSED_AT": "processedAt"}
    values = [each[key.get(sort, "id")] for each in nodes]
    assert values == sorted(values, reverse=reverse == "true")


def test_pages_backwards(call):
    query = "query($before: String) { orders(last: 3, before: $before) { nodes { id } "
    query += "edges { cursor } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"
    last = call(query)["data"]["orders"]
    assert last["pageInfo"]["hasNextPage"] is False
    assert last["pageInfo"]["hasPreviousPage"] is True
    assert last["edges"][0]["cursor"] == last["pageInfo"]["startCursor"]
    before = call(query, {"before": last["pageInfo"]["startCursor"]})["data"]["orders"]
    everything = [each["id"] for each in call.pages("orders", "first: 100")]
    assert [each["id"] for each in before["nodes"] + last["nodes"]] == everything[-6:]


def test_debug_header_shows_the_cost_of_each_field(call):
    answer = call.answer(
        "{ orders(first: 3) { nodes { customer { id } } } }",
        **{"Shopify-GraphQL-Cost-Debug": "1"},
    ).json()
    fields = {".".join(each["path"]): each for each in answer["extensions"]["cost"]["fields"]}
    assert fields["orders"] == {
        "path": ["orders"],
        "definedCost": 2,
        "requestedTotalCost": 6,
        "requestedChildrenCost": 4,
    }
    assert fields["orders.nodes.customer.id"]["requestedChildrenCost"] is None


def test_a_throttling_fault_looks_like_any_other(call):
    call.place.faults.expect(Fault("throttled"))
    assert error(call(ORDERS))["extensions"]["code"] == "THROTTLED"
    assert call(ORDERS)["data"]
