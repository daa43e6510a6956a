"""Whether a bulk query may run, in the words Shopify refuses it with.

Messages captured at 2026-04; rules of shopify.dev/docs/api/usage/bulk-operations/queries.
"""

from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    parse,
    validate,
)

MAX_BYTES = 65_535
MAX_CONNECTIONS = 5
MAX_DEPTH = 2
UNFINISHED = "Invalid bulk query: syntax error, unexpected end of file"
NO_CONNECTION = "Bulk queries must contain at least one connection."
TOO_MANY = "Bulk queries cannot contain more than 5 connections."
TOO_DEEP = "Bulk queries cannot contain connections with a nesting depth greater than 2."
IN_A_LIST = (
    "Queries that contain a connection field within a list field are not currently supported."
)
NOT_A_QUERY = "Invalid operation type. Only `query` operations are supported."


class BulkQueryRefused(Exception):
    """Each of ``messages`` becomes a user error with the code INVALID on the field ``query``."""

    def __init__(self, *messages: str) -> None:
        super().__init__(*messages)
        self.messages = messages


@dataclass(slots=True)
class BulkQuery:
    """A query that may run."""

    operation: OperationDefinitionNode
    fragments: dict[str, FragmentDefinitionNode]


def bulk_query(schema: GraphQLSchema, text: str) -> BulkQuery:
    """Read and check a query's text; raises BulkQueryRefused with everything that is wrong."""
    if len(text.encode()) > MAX_BYTES:
        raise BulkQueryRefused(f"Query must be less than {MAX_BYTES} bytes.")
    document = _parsed(text)
    operations = [
        each for each in document.definitions if isinstance(each, OperationDefinitionNode)
    ]
    if len(operations) != 1 or operations[0].operation != OperationType.QUERY:
        raise BulkQueryRefused(NOT_A_QUERY)
    wrong = validate(schema, document, max_errors=5)
    if wrong:
        raise BulkQueryRefused(*[f"Invalid bulk query: {error.message}" for error in wrong])
    fragments = {
        each.name.value: each
        for each in document.definitions
        if isinstance(each, FragmentDefinitionNode)
    }
    found = _Survey(schema, fragments)
    root = schema.query_type
    assert root is not None
    found.look(operations[0].selection_set, root, None)
    if messages := found.messages():
        raise BulkQueryRefused(*messages)
    return BulkQuery(operations[0], fragments)


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text)
    except GraphQLSyntaxError as error:
        if "<EOF>" in error.message:
            raise BulkQueryRefused(UNFINISHED) from error
        reason = error.message.removeprefix("Syntax Error: ")
        raise BulkQueryRefused(f"Invalid bulk query: syntax error, {reason}") from error
    except GraphQLError as error:
        raise BulkQueryRefused(f"Invalid bulk query: {error.message}") from error


@dataclass(slots=True)
class _Connection:
    """A connection met on the way down; ``depth`` is 0 at the root."""

    name: str
    depth: int
    selects_id: bool = False


@dataclass(slots=True)
class _Survey:
    """All connections of a query, and what is wrong with them."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    found: list[_Connection] = field(default_factory=list)
    top_level_nodes: list[str] = field(default_factory=list)
    without_edges: list[str] = field(default_factory=list)
    without_id: list[str] = field(default_factory=list)
    in_a_list: bool = False

    def look(
        self,
        selections: SelectionSetNode | None,
        kind: GraphQLNamedType,
        inside: _Connection | None,
        in_list: bool = False,
    ) -> None:
        """Go through the fields selected of ``kind``, within the connection ``inside``."""
        for node, owner in self._fields(selections, kind):
            defined = getattr(owner, "fields", {}).get(node.name.value)
            if defined is None:
                continue
            name, target = node.name.value, get_named_type(defined.type)
            if kind is self.schema.query_type and name in ("node", "nodes"):
                self.top_level_nodes.append(name)
            if target.name.endswith("Connection"):
                self._connection(node, target, inside, in_list)
            else:
                listed = in_list or is_list_type(get_nullable_type(defined.type))
                self.look(node.selection_set, target, inside, listed)

    def _connection(
        self, node: FieldNode, kind: GraphQLNamedType, inside: _Connection | None, in_list: bool
    ) -> None:
        name = node.name.value
        met = _Connection(name, inside.depth + 1 if inside else 0)
        self.found.append(met)
        self.in_a_list = self.in_a_list or in_list
        if inside is not None and not inside.selects_id and inside.name not in self.without_id:
            self.without_id.append(inside.name)
        parts = [part for part, _ in self._fields(node.selection_set, kind)]
        edges = [part for part in parts if part.name.value == "edges"]
        nodes = [
            (each, get_named_type(owner.fields["node"].type))  # type: ignore[attr-defined]
            for edge in edges
            for each, owner in self._fields(edge.selection_set, self._edge(kind))
            if each.name.value == "node"
        ]
        if not nodes or any(part.name.value == "nodes" for part in parts):
            self.without_edges.append(name)
        for each, target in nodes:
            chosen = self._fields(each.selection_set, target)
            met.selects_id = any(f.name.value == "id" and f.alias is None for f, _ in chosen)
            self.look(each.selection_set, target, met)

    def _edge(self, connection: GraphQLNamedType) -> GraphQLNamedType:
        return get_named_type(connection.fields["edges"].type)  # type: ignore[attr-defined]

    def _fields(
        self, selections: SelectionSetNode | None, kind: GraphQLNamedType
    ) -> list[tuple[FieldNode, GraphQLNamedType]]:
        """Fields with the type they are of: fragments are looked into."""
        found: list[tuple[FieldNode, GraphQLNamedType]] = []
        for each in selections.selections if selections else ():
            if isinstance(each, FieldNode):
                found.append((each, kind))
                continue
            whole = each
            if isinstance(each, FragmentSpreadNode):
                whole = self.fragments[each.name.value]
            on = whole.type_condition  # type: ignore[union-attr]
            target = self.schema.type_map[on.name.value] if on else kind
            found += self._fields(whole.selection_set, target)  # type: ignore[union-attr]
        return found

    def messages(self) -> list[str]:
        """Everything that is wrong, in the order Shopify says it."""
        said = [
            f"Bulk queries cannot contain a top level `{name}` field."
            for name in self.top_level_nodes
        ]
        if not self.found:
            said.append(NO_CONNECTION)
        if len(self.found) > MAX_CONNECTIONS:
            said.append(TOO_MANY)
        if any(met.depth > MAX_DEPTH for met in self.found):
            said.append(TOO_DEEP)
        if self.without_edges:
            said.append(_without_edges(self.without_edges))
        if self.without_id:
            said.append(
                "The parent 'node' field for a nested connection must select the 'id' field "
                "without an alias and must be of 'ID' return type. Connection fields without "
                f"'id': {', '.join(self.without_id)}."
            )
        if self.in_a_list:
            said.append(IN_A_LIST)
        return said


def _without_edges(names: list[str]) -> str:
    listed = ", ".join(f"'{name}'" for name in names)
    return (
        "All connection fields in a bulk query must select their contents using 'edges' > 'node', "
        f"e.g: '{names[0]} {{ edges {{ node {{'. Selecting via 'nodes' is not supported. "
        f"Invalid connection fields: {listed}."
    )
