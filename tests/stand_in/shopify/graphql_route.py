"""``POST /admin/api/{version}/graphql.json``: who asks, what it costs, what is answered."""

import asyncio
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    Node,
    OperationDefinitionNode,
    execute_sync,
    get_operation_ast,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tests.stand_in.shopify import (
    errors,
    rules,
    schema,
    unfit,
    versions,
    webhook_subscriptions,
    writes,
)
from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.bucket import MAX_QUERY_COST
from tests.stand_in.shopify.cost import MAX_PAGE, Calculation
from tests.stand_in.shopify.faults import Fault
from tests.stand_in.shopify.fields import resolve, type_of
from tests.stand_in.shopify.installation import Token
from tests.stand_in.shopify.place import Place

MAX_BODY = 1 << 20
DEBUG = "shopify-graphql-cost-debug"
# Importing them registers their rules.
RULES_OF = (rules, writes, webhook_subscriptions)


@dataclass(frozen=True, slots=True)
class Asked:
    """A parsed request."""

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: dict[str, Any]


class GraphqlRoute:
    """The endpoint, over one place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def answer(self, request: Request) -> Response:
        """Answer one call, and note it."""
        place, asked_version = self._place, request.path_params["version"]
        version = versions.effective(asked_version, place.clock.now())
        token = place.app.token(request.headers.get("x-shopify-access-token", ""))
        noted: dict[str, Any] = {"path": request.url.path, "version": version}
        noted["at"] = place.clock.now().isoformat()
        place.calls.append(noted)
        headers = {"X-Request-Id": str(uuid.uuid4()), "X-Shopify-API-Version": version or ""}
        if version is None:
            status, body = 404, {"errors": "Not Found"}
        elif token is None:
            status, body = 401, {"errors": errors.BAD_TOKEN}
        elif token.outdated:
            status, body = 403, {"errors": errors.OUTDATED_TOKEN}
        else:
            status, body = await self._body(request, token, version, noted)
        noted["status"] = status
        return JSONResponse(body, status, headers)

    async def _body(
        self, request: Request, token: Token, version: str, noted: dict[str, Any]
    ) -> tuple[int, dict[str, Any]]:
        said = await _said(request)
        query = said.get("query") if said else None
        if said is None or not isinstance(query, str):
            return 400, {"errors": {"query": "Required parameter missing or invalid"}}
        admin = await asyncio.to_thread(schema.load, version)
        try:
            asked = _asked(admin, query, said)
        except _Unfit as refused:
            return 200, {"errors": refused.errors}
        name = asked.operation.name
        noted["operation"] = name.value if name else None
        fault: Fault | None = request.scope.get("stand_in.fault")
        asking = Asking(self._place, admin, token, version)
        debug = request.headers.get(DEBUG) == "1"
        throttle = fault is not None and fault.kind == "throttled"
        return 200, await self._charged(asking, asked, noted, debug=debug, throttle=throttle)

    async def _charged(
        self,
        asking: Asking,
        asked: Asked,
        noted: dict[str, Any],
        *,
        debug: bool,
        throttle: bool,
    ) -> dict[str, Any]:
        calculation = calculate(asking, asked)
        requested = calculation.requested(asked.operation)
        noted["requested"] = requested
        if requested > MAX_QUERY_COST:
            noted["error"] = "MAX_COST_EXCEEDED"
            return {"errors": [errors.too_expensive(requested, MAX_QUERY_COST)]}
        refusal = too_large(asked)
        if refusal is not None:
            return {"errors": [refusal.formatted], "extensions": self._cost(requested, None)}
        bucket, clock = self._place.bucket, self._place.clock
        if throttle or not bucket.take(requested, clock.monotonic()):
            noted["error"] = "THROTTLED"
            return {"errors": [errors.throttled()], "extensions": self._cost(requested, None)}
        result = await asyncio.to_thread(_executed, asking, asked)
        actual = min(requested, calculation.actual(asked.operation, result.data))
        bucket.give_back(requested - actual, clock.monotonic())
        noted["actual"] = actual
        extensions = self._cost(requested, actual)
        if debug:
            extensions["cost"]["fields"] = calculation.fields
        if asking.searches:
            extensions["search"] = asking.searches
        said: dict[str, Any] = {"data": result.data}
        if result.errors:
            said = {"errors": [_formatted(error) for error in result.errors], **said}
        return {**said, "extensions": extensions}

    def _cost(self, requested: int, actual: int | None) -> dict[str, Any]:
        bucket = self._place.bucket
        return {
            "cost": {
                "requestedQueryCost": requested,
                "actualQueryCost": actual,
                "throttleStatus": {
                    "maximumAvailable": float(bucket.maximum),
                    "currentlyAvailable": bucket.available(self._place.clock.monotonic()),
                    "restoreRate": float(bucket.restore_rate),
                },
            }
        }


class _Unfit(Exception):
    """The query is no GraphQL, does not fit the schema, or its variables do not."""

    def __init__(self, found: list[dict[str, Any]]) -> None:
        super().__init__(found)
        self.errors = found


async def _said(request: Request) -> Mapping[str, Any] | None:
    body = await request.body()
    if len(body) > MAX_BODY:
        return None
    if request.headers.get("content-type", "").startswith("application/graphql"):
        return {"query": body.decode(errors="replace")}
    try:
        said = json.loads(body)
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def _asked(admin: schema.AdminSchema, query: str, said: Mapping[str, Any]) -> Asked:
    document, found = _parsed(admin, query)
    if document is None or found:
        raise _Unfit(found)
    operation = get_operation_ast(document, said.get("operationName"))
    if operation is None:
        name = said.get("operationName")
        raise _Unfit(
            [
                {
                    "message": f'No operation named "{name}"'
                    if name
                    else "An operation name is required"
                }
            ]
        )
    values = get_variable_values(
        admin.schema, operation.variable_definitions or (), said.get("variables") or {}
    )
    if isinstance(values, list):
        raise _Unfit(unfit.variables(values, said.get("variables") or {}))
    return Asked(document, operation, dict(said.get("variables") or {}))


@lru_cache(maxsize=256)
def _parsed(
    admin: schema.AdminSchema, query: str
) -> tuple[DocumentNode | None, list[dict[str, Any]]]:
    """A text, and what is wrong with it: callers send the same few ones again and again."""
    try:
        document = parse(query)
    except GraphQLSyntaxError as error:
        return None, [unfit.syntax(error)]
    return document, [
        *(unfit.invalid(error, document) for error in validate(admin.schema, document)),
        *unfit.bad_ids(document),
    ]


def calculate(asking: Asking, asked: Asked) -> Calculation:
    """The costs of a request."""
    fragments = {
        each.name.value: each
        for each in asked.document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    defaults = {
        each.variable.name.value: getattr(each.default_value, "value", None)
        for each in asked.operation.variable_definitions or ()
        if each.default_value is not None
    }
    numbers = {
        name: int(value) if isinstance(value, str) and value.isdigit() else value
        for name, value in defaults.items()
    }
    return Calculation(asking.admin.schema, fragments, {**numbers, **asked.variables})


def too_large(asked: Asked) -> errors.Refusal | None:
    """A list of an input that is longer than any may be."""
    for name, value in asked.variables.items():
        for path, size in _lists(value, [name]):
            if size > MAX_PAGE:
                root = next(iter(asked.operation.selection_set.selections))
                field = root.name.value if hasattr(root, "name") else ""
                return errors.too_large(size, MAX_PAGE, [field, *path])
    return None


def _lists(value: Any, path: list[str]) -> Iterator[tuple[list[str], int]]:
    if isinstance(value, list):
        yield path, len(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _lists(inner, [*path, name])


def _executed(asking: Asking, asked: Asked) -> ExecutionResult:
    name: Node | None = asked.operation.name
    return execute_sync(
        asking.admin.schema,
        asked.document,
        context_value=asking,
        variable_values=asked.variables,
        operation_name=name.value if name else None,  # type: ignore[attr-defined]
        field_resolver=resolve,
        type_resolver=type_of,
    )


def _formatted(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    if cause is None or isinstance(cause, GraphQLError):
        return dict(error.formatted)
    code = "STAND_IN" if isinstance(cause, NotImplementedError) else "INTERNAL_SERVER_ERROR"
    return {**error.formatted, "extensions": {"code": code}}
