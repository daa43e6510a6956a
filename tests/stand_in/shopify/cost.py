"""What a query costs: the formula of the facts, found in captured pairs of query and cost. Pure.

Scalar and enum 0, object 1, money and image 0; a connection 2 + s(N) (1 + what is selected of a
node) with s(N) = max(1, floor(2 ln N)); of fragments the dearest; a mutation 10 and what of its
payload costs more than 1; a count of a root 10.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_leaf_type,
    is_object_type,
    value_from_ast_untyped,
)

FREE = frozenset(
    {"MoneyV2", "MoneyBag", "Image", "PageInfo", "WebhookSubscriptionEndpoint"}
    | {"WebhookHttpEndpoint", "WebhookEventBridgeEndpoint", "WebhookPubSubEndpoint"}
)
CONNECTION = 2
MUTATION = 10
COUNT = 10
MAX_PAGE = 250


def steps(size: int) -> int:
    """s(N): how much dearer a page of N is than an object."""
    return max(1, math.floor(2 * math.log(size))) if size > 0 else 1


@dataclass(slots=True)
class Calculation:
    """Of one operation; ``fields`` is what ``Shopify-GraphQL-Cost-Debug`` shows."""

    schema: GraphQLSchema
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Mapping[str, Any]
    fields: list[dict[str, Any]] = field(default_factory=list)

    def requested(self, operation: OperationDefinitionNode) -> int:
        """The cost before anything is known of the answer."""
        root = self.schema.get_root_type(operation.operation)
        if root is None:
            return 0
        mutates = operation.operation == OperationType.MUTATION
        return self._selections(operation.selection_set, root, (), mutates)

    def actual(self, operation: OperationDefinitionNode, data: Mapping[str, Any] | None) -> int:
        """The cost by what was returned; approximately Shopify's."""
        root = self.schema.get_root_type(operation.operation)
        if root is None:
            return 0
        mutates = operation.operation == OperationType.MUTATION
        total = 0
        for node in self.named(operation.selection_set, root):
            value = (data or {}).get(_key(node))
            total += self._actual_field(node, root, value, mutates)
        return total

    def named(self, selections: SelectionSetNode, kind: Any) -> Iterator[FieldNode]:
        """The fields selected of exactly this type, its fragments opened."""
        for node in selections.selections:
            if isinstance(node, FieldNode):
                yield node
                continue
            condition, inner = self._fragment(node)
            if condition is None or condition == kind.name or self._is(kind, condition):
                yield from self.named(inner, kind)

    def size(self, node: FieldNode) -> int | None:
        """The ``first`` or ``last`` of a field."""
        for argument in node.arguments or ():
            if argument.name.value in ("first", "last"):
                value = value_from_ast_untyped(argument.value, dict(self.variables))
                if isinstance(value, int):
                    return value
        return None

    def _is(self, kind: Any, condition: str) -> bool:
        return condition in {each.name for each in getattr(kind, "interfaces", ())} or any(
            possible.name == kind.name
            for possible in getattr(self.schema.get_type(condition), "types", ())
        )

    def _fragment(self, node: Any) -> tuple[str | None, SelectionSetNode]:
        if isinstance(node, FragmentSpreadNode):
            found = self.fragments[node.name.value]
            return found.type_condition.name.value, found.selection_set
        assert isinstance(node, InlineFragmentNode)
        condition = node.type_condition.name.value if node.type_condition else None
        return condition, node.selection_set

    def _selections(
        self, selections: SelectionSetNode, kind: Any, path: tuple[str, ...], mutates: bool = False
    ) -> int:
        total, alternatives = 0, {}
        for node in selections.selections:
            if isinstance(node, FieldNode):
                total += self._field(node, kind, path, mutates)
                continue
            condition, inner = self._fragment(node)
            of = self.schema.get_type(condition) if condition else kind
            cost = self._selections(inner, of, path, mutates)
            if condition is None or condition == kind.name or is_object_type(kind):
                total += cost
            else:
                alternatives[condition] = alternatives.get(condition, 0) + cost
        return total + max(alternatives.values(), default=0)

    def _field(self, node: FieldNode, parent: Any, path: tuple[str, ...], mutates: bool) -> int:
        definition = parent.fields.get(node.name.value) if hasattr(parent, "fields") else None
        if definition is None:
            return 0
        kind, here = get_named_type(definition.type), (*path, _key(node))
        place = len(self.fields)
        self.fields.append({})
        own, children = self._costs(node, kind, here, mutates)
        self.fields[place] = {
            "path": list(here),
            "definedCost": own,
            "requestedTotalCost": own + children,
            "requestedChildrenCost": None if is_leaf_type(kind) else children,
        }
        return own + children

    def _costs(
        self, node: FieldNode, kind: Any, path: tuple[str, ...], mutates: bool
    ) -> tuple[int, int]:
        """A field's own cost, and that of what is selected of it."""
        if is_leaf_type(kind) or node.selection_set is None or node.name.value == "userErrors":
            return 0, 0
        inside = self._selections(node.selection_set, kind, path)
        if mutates:
            return MUTATION, max(0, inside - 1)
        if kind.name == "Count" and len(path) == 1:
            return COUNT, 0
        if kind.name.endswith("Connection"):
            size = self.size(node)
            return CONNECTION, 0 if size is None else steps(size) * inside
        if kind.name in FREE or kind.name.endswith("Edge"):
            return 0, inside
        return 1, inside

    def _actual_field(self, node: FieldNode, parent: Any, value: Any, mutates: bool) -> int:
        definition = parent.fields.get(node.name.value)
        kind = get_named_type(definition.type) if definition else None
        if kind is None or is_leaf_type(kind) or node.selection_set is None:
            return 0
        if mutates:
            inside = self._actual_object(node.selection_set, kind, value)
            return MUTATION + max(0, inside - 1)
        if kind.name.endswith("Connection"):
            return CONNECTION + (self._actual_page(node, kind, value) if value else 0)
        if node.name.value == "userErrors":
            return 0
        if kind.name == "Count" and parent is self.schema.query_type:
            return COUNT
        own = 0 if kind.name in FREE or kind.name.endswith("Edge") else 1
        if isinstance(value, list):
            inside = [self._actual_object(node.selection_set, kind, each) for each in value]
            return own + max(inside, default=0)
        # What was looked for and not found was looked for.
        return own + self._actual_object(node.selection_set, kind, value)

    def _actual_page(self, node: FieldNode, kind: Any, value: Mapping[str, Any]) -> int:
        assert node.selection_set is not None
        returned, dearest = 0, 0
        for inner in self.named(node.selection_set, kind):
            found = value.get(_key(inner))
            if isinstance(found, list):
                returned = max(returned, len(found))
            dearest += self._actual_field(inner, kind, found, mutates=False)
        size = self.size(node) or returned
        if not returned:
            # Captured: an empty page is charged as if its nodes had come, without what they hold.
            return steps(size) * dearest
        share = math.floor(2 * math.log(size) * returned / size) if size else 1
        return min(max(share, 1), steps(size)) * dearest

    def _actual_object(self, selections: SelectionSetNode, kind: Any, value: Any) -> int:
        if not isinstance(value, Mapping):
            return 0
        if not is_object_type(kind):
            kind = self.schema.get_type(value.get("__typename", "")) or kind
        if not hasattr(kind, "fields"):
            return 0
        return sum(
            self._actual_field(node, kind, value.get(_key(node)), mutates=False)
            for node in self.named(selections, kind)
            if node.name.value in kind.fields
        )


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value
