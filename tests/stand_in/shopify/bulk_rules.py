"""The Admin API's fields of bulk operations."""

import re
from datetime import datetime
from typing import Any

from graphql import GraphQLResolveInfo

from tests.stand_in.shopify import connections
from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.bulk_operation import BulkOperation
from tests.stand_in.shopify.bulk_operations import Busy
from tests.stand_in.shopify.bulk_query import BulkQueryRefused, bulk_query
from tests.stand_in.shopify.fields import plays
from tests.stand_in.shopify.records import number_of
from tests.stand_in.shopify.writes import user_error

PREFIX = "gid://shopify/BulkOperation/"


@plays("Mutation", "bulkOperationRunQuery")
def run(asking: Asking, *_: Any, **said: Any) -> Any:
    """Begin an operation, or say all that speaks against it."""
    operations, text = asking.place.bulk, said["query"]
    try:
        query = bulk_query(asking.admin.schema, text)
        operation = operations.run(asking, query, text, grouped=said["groupObjects"])
    except BulkQueryRefused as refused:
        errors = [user_error(["query"], message, "INVALID") for message in refused.messages]
        return {"bulkOperation": None, "userErrors": errors}
    except Busy as busy:
        error = user_error(None, str(busy), "OPERATION_IN_PROGRESS")
        return {"bulkOperation": None, "userErrors": [error]}
    return {"bulkOperation": operations.created(operation), "userErrors": []}


@plays("Mutation", "bulkOperationCancel")
def cancel(asking: Asking, *_: Any, **said: Any) -> Any:
    """Stop an operation that is under way."""
    operations = asking.place.bulk
    operation = _found(asking, said["id"])
    if operation is None:
        error = user_error(["id"], "Bulk operation does not exist")
        return {"bulkOperation": None, "userErrors": [error]}
    errors = []
    if not operation.cancel(operations.clock()):
        status = operation.status(operations.clock()).lower()
        errors = [user_error(None, f"A bulk operation cannot be canceled when it is {status}")]
    return {"bulkOperation": operations.shown(operation), "userErrors": errors}


@plays("QueryRoot", "bulkOperation")
def one(asking: Asking, *_: Any, **said: Any) -> Any:
    """An operation by its id."""
    operation = _found(asking, said["id"])
    return operation and asking.place.bulk.shown(operation)


@plays("QueryRoot", "currentBulkOperation")
def current(asking: Asking, *_: Any, **said: Any) -> Any:
    """The newest one, over or not."""
    operations = asking.place.bulk
    if said.get("type", "QUERY") != "QUERY" or not operations.all():
        return None
    return operations.shown(operations.all()[-1])


@plays("QueryRoot", "bulkOperations")
def many(asking: Asking, source: Any, info: GraphQLResolveInfo, **said: Any) -> Any:
    """Operations by when they were made or completed, as a search wants them."""
    shown = [asking.place.bulk.shown(each) for each in asking.place.bulk.all()]
    fits = [each for each in shown if _fits(each, said.get("query") or "")]
    if said.get("sortKey") == "COMPLETED_AT":
        fits.sort(key=lambda each: each["completedAt"] or "")
    if said.get("reverse"):
        fits.reverse()
    paging = {name: said[name] for name in ("first", "last", "after", "before") if name in said}
    return connections.of_list(fits, **paging)


_TERM = re.compile(r"(?P<name>[a-z_]+):(?P<sign>>=|<=|>|<)?['\"]?(?P<value>[^'\"\s]+)['\"]?")


def _fits(shown: dict[str, Any], query: str) -> bool:
    """Terms the search does not know are ignored, as everywhere."""
    return all(_term_fits(shown, match) for match in _TERM.finditer(query))


def _term_fits(shown: dict[str, Any], term: re.Match[str]) -> bool:
    name, value = term["name"], term["value"]
    if name == "id":
        return number_of(shown["id"]) == number_of(value)
    if name in ("status", "operation_type"):
        return bool(shown["status" if name == "status" else "type"].lower() == value.lower())
    if name != "created_at":
        return True
    made, limit = (datetime.fromisoformat(each) for each in (shown["createdAt"], value))
    limit = limit if limit.tzinfo else limit.replace(tzinfo=made.tzinfo)
    found = {">": made > limit, ">=": made >= limit, "<": made < limit, "<=": made <= limit}
    return found.get(term["sign"] or "", made == limit)


def _found(asking: Asking, gid: str) -> BulkOperation | None:
    return asking.place.bulk.get(number_of(gid)) if gid.startswith(PREFIX) else None
