"""An object's line as one Python function, written for what a query selects of its type.

A million rows of twenty fields each are twenty million answers: a dictionary display costs a
fraction of asking a resolver for every one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from graphql import (
    GraphQLNonNull,
    GraphQLObjectType,
    SelectionSetNode,
    get_nullable_type,
    is_leaf_type,
    is_list_type,
)
from graphql.pyutils import Path

from tests.stand_in.shopify import fields
from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.bulk_query import BulkQuery
from tests.stand_in.shopify.bulk_selection import Field, selected
from tests.stand_in.shopify.fields import KINDS, MONEY, OF_RECORDS, RULES

KEPT = 20_000
"Records looked up that are kept: products and customers recur."
Value = Callable[[Any], Any]


@dataclass
class Expressions:
    """Of one query. In the code ``s`` is a source, ``b`` what it stores, ``v`` a found value."""

    query: BulkQuery
    asking: Asking
    _names: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._get = lru_cache(KEPT)(self.asking.place.shop.get)

    def line(self, selections: SelectionSetNode | None, kind: GraphQLObjectType) -> Value:
        """A source's own fields, with inline objects and lists; connections are left out."""
        parts = [
            f"{each.key!r}: {self._expression(each, kind)}"
            for each in selected(self.asking.admin.schema, self.query, selections, kind)
            if not each.target.name.endswith("Connection")
        ]
        body = "s.body" if kind.name in KINDS else "s"
        code = f"def line(s):\n    b = {body}\n    return {{{', '.join(parts)}}}"
        made: dict[str, Any] = {}
        exec(code, self._names, made)
        return made["line"]  # type: ignore[no-any-return]

    def found(self, each: Field, parent: GraphQLObjectType) -> Value:
        """A field's value before anything is selected of it."""
        plan, info = self.guard(each, parent), self.info(each, parent)
        said, asking, name, rule = each.arguments(), self.asking, each.name, plan.rule
        if rule is None:
            return lambda s: fields.shaped(asking, plan, fields.stored(s, name), **said)
        return lambda s: fields.shaped(asking, plan, rule(asking, s, info, **said), **said)

    def _expression(self, each: Field, parent: GraphQLObjectType) -> str:
        if each.name == "__typename":
            return repr(parent.name)
        if (parent.name, each.name) in RULES:
            value = f"{self._named(self.found(each, parent))}(s)"
        else:
            self.guard(each, parent)
            value = self._stored(each, parent)
        if is_leaf_type(each.target):
            return value
        render = self._named(self._rendering(each))
        if is_list_type(get_nullable_type(each.definition.type)):
            return f"[{render}(v) for v in {value} or ()]"
        return f"(None if (v := {value}) is None else {render}(v))"

    def _stored(self, each: Field, parent: GraphQLObjectType) -> str:
        """What is there; else the emptiest value that the schema permits."""
        stored = f"b.get({each.name!r})"
        if parent.name in KINDS and each.name in OF_RECORDS:
            made = self._named(OF_RECORDS[each.name])
            stored = f"({stored} if {each.name!r} in b else {made}(s))"
        kind = each.definition.type
        if is_list_type(get_nullable_type(kind)) or not isinstance(kind, GraphQLNonNull):
            return stored
        empty = self._named(fields._emptiest(self.asking, kind))
        return f"({empty} if (e := {stored}) is None else e)"

    def _rendering(self, each: Field) -> Value:
        """How one value of a field's type is written."""
        target, selections = each.target, each.node.selection_set
        if not isinstance(target, GraphQLObjectType):
            return self._of_several(selections)
        line, get, asking = self.line(selections, target), self._get, self.asking
        if target.name in KINDS:
            kind = KINDS[target.name]

            def record(value: Any) -> Any:
                held = get(kind, value) if isinstance(value, int) else value
                return None if held is None else line(held)

            return record
        if target.name not in MONEY:
            return line
        money = fields.money
        return lambda v: line(money(asking, target.name, v) if isinstance(v, str) else v)

    def _of_several(self, selections: SelectionSetNode | None) -> Value:
        """For an interface or union: by the type each value turns out to be of."""
        known: dict[str, Value] = {}

        def render(value: Any) -> Any:
            name = fields.type_of(value)
            if name is None:
                return None
            if name not in known:
                kind = self.asking.admin.schema.type_map[name]
                known[name] = self.line(selections, kind)  # type: ignore[arg-type]
            return known[name](value)

        return render

    def guard(self, each: Field, parent: GraphQLObjectType) -> fields.Plan:
        """How a field is answered; raises GraphQLError where the token may not look."""
        admin = self.asking.admin
        plan = fields.plan_of(admin, parent.name, each.name, each.definition.type)
        plan.check(self.asking, each.name)
        return plan

    def info(self, each: Field, parent: GraphQLObjectType) -> Any:
        """As much of GraphQL's info as rules read."""
        return SimpleNamespace(
            field_name=each.name,
            parent_type=parent,
            return_type=each.definition.type,
            context=self.asking,
            path=Path(None, each.key, parent.name),
            schema=self.asking.admin.schema,
        )

    def _named(self, value: Any) -> str:
        name = f"n{len(self._names)}"
        self._names[name] = value
        return name
