"""Queries that are refused before anything is done: no GraphQL, or not of Shopify's schema."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSyntaxError,
    InlineFragmentNode,
    Node,
    ObjectFieldNode,
    OperationDefinitionNode,
    StringValueNode,
    VariableDefinitionNode,
    print_ast,
)

GID = re.compile(r"gid://shopify/\w+/.+|\d+")


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
    (
        re.compile(
            r"Expected value of type '(?P<type>\w+)' not to include unknown field '(?P<field>\w+)'"
        ),
        "InputObject '{type}' doesn't accept argument '{field}'",
        lambda said: {
            "code": "argumentNotAccepted",
            "name": said["type"],
            "typeName": "InputObject",
            "argumentName": said["field"],
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
        at, name, value = argument
        field = at.name.value
        said["message"] = f"Argument '{name}' on Field '{field}' has an invalid value ({value})."
        kind = re.search(r"(?:type|in) '([^']+)'|'(\w+)' enum", error.message)
        if kind:
            said["message"] += f" Expected type '{kind[1] or kind[2]}'."
        said["extensions"] = {
            "code": "argumentLiteralsIncompatible",
            "typeName": "Field",
            "argumentName": name,
        }
        # As captured: where the field stands, not its argument.
        said["locations"] = _place(at)
    return said


def bad_ids(document: DocumentNode) -> Iterator[dict[str, Any]]:
    """Root fields whose id, written out, is no global id."""
    for definition in document.definitions:
        if not isinstance(definition, OperationDefinitionNode):
            continue
        for field in definition.selection_set.selections:
            for argument in getattr(field, "arguments", None) or ():
                value = argument.value
                if argument.name.value != "id" or not isinstance(value, StringValueNode):
                    continue
                if not GID.fullmatch(value.value):
                    yield _bad_id(document, field, value.value)


def _bad_id(document: DocumentNode, field: Node, value: str) -> dict[str, Any]:
    return {
        "message": f"Invalid global id '{value}'",
        "locations": _place(field),
        "path": [*_path(document, field), "id"],
        "extensions": {"code": "argumentLiteralsIncompatible", "typeName": "CoercionError"},
    }


def variables(found: list[GraphQLError], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Variables whose values do not fit their types: one error each, with all its problems."""
    by_name: dict[str, tuple[VariableDefinitionNode, list[dict[str, Any]]]] = {}
    for error in found:
        (node,) = error.nodes or (None,)
        if not isinstance(node, VariableDefinitionNode):
            continue
        _, problems = by_name.setdefault(node.variable.name.value, (node, []))
        problems.append(_problem(error.message))
    return [
        _variable(name, node, problems, given.get(name))
        for name, (node, problems) in by_name.items()
    ]


def _variable(
    name: str, node: VariableDefinitionNode, problems: list[dict[str, Any]], value: Any
) -> dict[str, Any]:
    said = [
        f"{'.'.join(problem['path'])} ({problem['explanation']})"
        for problem in problems
        if problem["path"]
    ]
    return {
        "message": f"Variable ${name} of type {print_ast(node.type)} was provided invalid value"
        + (f" for {', '.join(said)}" if said else ""),
        "locations": _place(node),
        "extensions": {"code": "INVALID_VARIABLE", "value": value, "problems": problems},
    }


def _problem(message: str) -> dict[str, Any]:
    """One of graphql-core's complaints, in the words of graphql-ruby."""
    found = re.match(
        r"Variable '\$\w+' has invalid value(?: at (?P<at>\S+))?: (?P<what>.*)", message
    )
    path = [step for step in (found["at"] or "").split(".") if step] if found else []
    what = found["what"] if found else message
    if unknown := re.match(
        r"Expected value of type '(\w+)' not to include unknown field '(\w+)'", what
    ):
        return {"path": [*path, unknown[2]], "explanation": f"Field is not defined on {unknown[1]}"}
    if missing := re.match(r"Expected value of type '\w+' to include required field '(\w+)'", what):
        return {"path": [*path, missing[1]], "explanation": "Expected value to not be null"}
    if "non-null type" in what:
        return {"path": path, "explanation": "Expected value to not be null"}
    if coerced := re.match(r"(\w+) cannot represent .*?: (.*)", what):
        shown = coerced[2].replace("'", '"')
        return {"path": path, "explanation": f"Could not coerce value {shown} to {coerced[1]}"}
    return {"path": path, "explanation": what}


def _place(node: Node) -> list[dict[str, int]]:
    start = node.loc.start_token if node.loc else None
    return [{"line": start.line, "column": start.column}] if start else []


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
        found = _below(child, wanted, path + _step(child))
        if found is not None:
            return found
    return None


def _step(node: Node) -> list[str]:
    if isinstance(node, FieldNode) and node.alias:
        return [node.alias.value]
    named = isinstance(node, FieldNode | ArgumentNode | ObjectFieldNode)
    return [node.name.value] if named else []


def _children(node: Node) -> Iterable[Node]:
    for name in node.keys:
        value = getattr(node, name, None)
        for child in value if isinstance(value, tuple | list) else (value,):
            if isinstance(child, Node):
                yield child


def _argument(document: DocumentNode, wanted: Node | None) -> tuple[FieldNode, str, str] | None:
    """The field, argument and value that contain a node."""
    if wanted is None or isinstance(
        wanted, FieldNode | InlineFragmentNode | FragmentDefinitionNode | OperationDefinitionNode
    ):
        return None
    stack: list[Node] = list(document.definitions)
    while stack:
        node = stack.pop()
        if isinstance(node, FieldNode):
            for argument in node.arguments or ():
                if _below(argument, wanted, []) is not None:
                    return node, argument.name.value, print_ast(argument.value)
        stack.extend(_children(node))
    return None
