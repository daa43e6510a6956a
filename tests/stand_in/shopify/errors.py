"""Errors in Shopify's words and shapes."""

import re
from collections.abc import Callable, Iterable
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    print_ast,
)

LIMITS = "https://shopify.dev/api/usage/rate-limits"
SCOPES = "https://shopify.dev/api/usage/access-scopes"
BAD_TOKEN = "[API] Invalid API key or access token (unrecognized login or wrong password)"
OUTDATED_TOKEN = (
    "[API] Non-expiring access tokens are no longer accepted for the Admin API. Start using "
    "expiring offline tokens: https://shopify.dev/docs/apps/build/authentication-authorization/"
    "access-tokens/offline-access-tokens"
)
PARTNERS = "See https://partners.shopify.com/123/apps/456/customer_data for more details."
TOO_DEAR = """Query cost is {cost}, which exceeds the single query max cost limit ({limit}).

See https://shopify.dev/concepts/about-apis/rate-limits for more information on how the
cost of a query is calculated.

To query larger amounts of data with fewer limits, bulk operations should be used instead.
See https://shopify.dev/tutorials/perform-bulk-operations-with-admin-api for usage details.
"""


class Refusal(GraphQLError):
    """The whole request is refused: one error, no data."""


def throttled() -> dict[str, Any]:
    """The bucket holds too little."""
    return {
        "message": "Throttled",
        "extensions": {"code": "THROTTLED", "documentation": LIMITS},
    }


def too_expensive(cost: int, limit: int) -> dict[str, Any]:
    """No bucket would hold so much for one query."""
    return {
        "message": TOO_DEAR.format(cost=cost, limit=limit),
        "extensions": {
            "code": "MAX_COST_EXCEEDED",
            "cost": cost,
            "maxCost": limit,
            "documentation": "https://shopify.dev/api/usage/limits#rate-limits",
        },
    }


def access_denied(field: str, required: str) -> GraphQLError:
    """A scope is missing."""
    text = f"Access denied for {field} field. Required access: {required}"
    extensions = {"code": "ACCESS_DENIED", "documentation": SCOPES, "requiredAccess": required}
    return GraphQLError(text, extensions=extensions)


def unapproved_object(kind: str) -> GraphQLError:
    """The app has no approval for protected customer data at all."""
    return GraphQLError(f"This app is not approved to access the {kind} object. {PARTNERS}")


def unapproved_field(field: str) -> GraphQLError:
    """The app has no approval for this field."""
    return GraphQLError(f"This app is not approved to use the {field} field. {PARTNERS}")


def too_large(size: int, limit: int, path: list[str]) -> Refusal:
    """A list of an input, or a page, is too long."""
    return Refusal(
        f"The input array size of {size} is greater than the maximum allowed of {limit}.",
        path=list(path),
        extensions={"code": "MAX_INPUT_SIZE_EXCEEDED"},
    )


def bad_request(text: str) -> GraphQLError:
    """An argument that the schema lets pass and Shopify does not."""
    return GraphQLError(text, extensions={"code": "BAD_REQUEST"})


def syntax(error: GraphQLSyntaxError) -> dict[str, Any]:
    """A text that is no GraphQL."""
    place = (error.locations or [None])[0]
    where = {"line": place.line, "column": place.column} if place else {"line": 1, "column": 1}
    said = error.message.removeprefix("Syntax Error: ")
    found = re.search(r"found (.+?)\.?$|Unexpected (.+?)\.?$", said)
    thing = next((group for group in found.groups() if group), said) if found else said
    thing = "end of file" if "<EOF>" in thing else thing
    at = f"at [{where['line']}, {where['column']}]"
    return {"message": f"syntax error, unexpected {thing} {at}", "locations": [where]}


_FIELD = r"'(?P<field>\w+)'"
UNSELECTED = (
    "Field must have selections (field '{field}' returns {type} but has no selections. "
    "Did you mean '{field} {{ ... }}'?)"
)
_Extensions = Callable[[re.Match[str]], dict[str, Any]]
# graphql-core's words, Shopify's, its extensions.
TRANSLATIONS: list[tuple[re.Pattern[str], str, _Extensions]] = [
    (
        re.compile(rf"Cannot query field {_FIELD} on type '(?P<type>\w+)'"),
        "Field '{field}' doesn't exist on type '{type}'",
        lambda said: {
            "code": "undefinedField",
            "typeName": said["type"],
            "fieldName": said["field"],
        },
    ),
    (
        re.compile(
            r"Unknown argument '(?P<argument>\w+)' on field '(?P<type>\w+)\.(?P<field>\w+)'"
        ),
        "Field '{field}' doesn't accept argument '{argument}'",
        lambda said: {
            "code": "argumentNotAccepted",
            "name": said["field"],
            "typeName": "Field",
            "argumentName": said["argument"],
        },
    ),
    (
        re.compile(
            r"(?:Field|Argument) '(?:\w+\.)?(?P<field>\w+)(?:' argument '|\()(?P<argument>\w+)"
            r"(?::\))?' of type '[^']+' is required"
        ),
        "Field '{field}' is missing required arguments: {argument}",
        lambda said: {
            "code": "missingRequiredArguments",
            "className": "Field",
            "name": said["field"],
            "arguments": said["argument"],
        },
    ),
    (
        re.compile(rf"Field {_FIELD} of type '(?P<type>[^']+)' must have a selection"),
        UNSELECTED,
        lambda said: {
            "code": "selectionMismatch",
            "nodeName": f"field '{said['field']}'",
            "typeName": said["type"].strip("[]!"),
        },
    ),
]


def invalid(error: GraphQLError, document: DocumentNode) -> dict[str, Any]:
    """A query that does not fit the schema."""
    node = error.nodes[0] if error.nodes else None
    said = {
        "message": error.message,
        "locations": [{"line": each.line, "column": each.column} for each in error.locations or ()],
        "path": _path(document, node) if node is not None else [],
    }
    for pattern, text, extensions in TRANSLATIONS:
        if found := pattern.match(error.message):
            said["message"] = text.format(**found.groupdict())
            said["extensions"] = extensions(found)
            return said
    argument = _argument(document, node)
    if argument is not None:
        field, name, value = argument
        said["message"] = f"Argument '{name}' on Field '{field}' has an invalid value ({value})."
        kind = re.search(r"(?:type|in) '([^']+)'|'(\w+)' enum", error.message)
        if kind:
            said["message"] += f" Expected type '{kind[1] or kind[2]}'."
        said["extensions"] = {
            "code": "argumentLiteralsIncompatible",
            "typeName": "Field",
            "argumentName": name,
        }
        said["path"].append(name)
    return said


def variable(error: GraphQLError) -> dict[str, Any]:
    """A variable whose value does not fit its type."""
    found = re.match(r"Variable '\$(\w+)'.* type '([^']+)'", error.message)
    name, kind = (found[1], found[2]) if found else ("?", "?")
    explanation = (
        "Expected value to not be null"
        if "required" in error.message or "null" in error.message
        else error.message.rpartition("; ")[2]
    )
    return {
        "message": f"Variable ${name} of type {kind} was provided invalid value",
        "locations": [{"line": each.line, "column": each.column} for each in error.locations or ()],
        "extensions": {
            "code": "INVALID_VARIABLE",
            "value": None,
            "problems": [{"path": [], "explanation": explanation}],
        },
    }


def _path(document: DocumentNode, wanted: Node) -> list[str]:
    """Where a node stands, in Shopify's way: beginning with the operation."""
    for definition in document.definitions:
        found = _below(definition, wanted, [_title(definition)])
        if found is not None:
            return found
    return []


def _title(definition: Node) -> str:
    if isinstance(definition, OperationDefinitionNode):
        name = f" {definition.name.value}" if definition.name else ""
        return f"{definition.operation.value}{name}"
    return f"fragment {definition.name.value}" if hasattr(definition, "name") else "query"


def _below(node: Node, wanted: Node, path: list[str]) -> list[str] | None:
    if node is wanted:
        return path
    for child in _children(node):
        step = (
            [child.alias.value if child.alias else child.name.value]
            if isinstance(child, FieldNode)
            else []
        )
        found = _below(child, wanted, path + step)
        if found is not None:
            return found
    return None


def _children(node: Node) -> Iterable[Node]:
    for name in node.keys:
        value = getattr(node, name, None)
        for child in value if isinstance(value, tuple | list) else (value,):
            if isinstance(child, Node):
                yield child


def _argument(document: DocumentNode, wanted: Node | None) -> tuple[str, str, str] | None:
    """The field, argument and value that contain a node."""
    if wanted is None or isinstance(
        wanted, FieldNode | InlineFragmentNode | FragmentDefinitionNode | OperationDefinitionNode
    ):
        return None
    stack: list[tuple[Node, str]] = [(each, "") for each in document.definitions]
    while stack:
        node, field = stack.pop()
        if isinstance(node, FieldNode):
            field = node.name.value
            for argument in node.arguments:
                if _below(argument, wanted, []) is not None:
                    return field, argument.name.value, print_ast(argument.value)
        stack.extend((child, field) for child in _children(node))
    return None
