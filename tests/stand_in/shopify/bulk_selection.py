"""What a bulk query selects of a type, fragments resolved, and the arguments it says."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLString,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
)
from graphql.execution.values import get_argument_values

from tests.stand_in.shopify.bulk_query import BulkQuery

_TYPENAME = GraphQLField(GraphQLString)


class Field(NamedTuple):
    """One selected field of an object type."""

    key: str
    name: str
    definition: GraphQLField
    node: FieldNode

    @property
    def target(self) -> Any:
        """The named type it leads to."""
        return get_named_type(self.definition.type)

    def arguments(self, but: tuple[str, ...] = ()) -> dict[str, Any]:
        """What is said, and defaults; without some."""
        said = get_argument_values(self.definition, self.node)
        return {name: value for name, value in said.items() if name not in but}


def selected(
    schema: GraphQLSchema,
    query: BulkQuery,
    selections: SelectionSetNode | None,
    kind: GraphQLNamedType,
) -> Iterator[Field]:
    """Fields of an object type; fragments that do not concern it are left out."""
    for each in selections.selections if selections else ():
        if isinstance(each, FieldNode):
            name = each.name.value
            definition = kind.fields.get(name, _TYPENAME)  # type: ignore[attr-defined]
            yield Field(each.alias.value if each.alias else name, name, definition, each)
            continue
        spread = isinstance(each, FragmentSpreadNode)
        whole = query.fragments[each.name.value] if spread else each
        if _concerns(schema, whole.type_condition, kind):
            yield from selected(schema, query, whole.selection_set, kind)


def _concerns(schema: GraphQLSchema, condition: Any, kind: GraphQLNamedType) -> bool:
    if condition is None or condition.name.value == kind.name:
        return True
    wanted = schema.type_map[condition.name.value]
    return is_abstract_type(wanted) and schema.is_sub_type(wanted, kind)  # type: ignore[arg-type]
