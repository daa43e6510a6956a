"""A bulk query, compiled: where its rows come from, what the line of each holds.

The answers are those of ``fields``: the same rules, stored values and shapes, without an engine
walking every field of every row. Access is checked once, when compiling.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLObjectType, SelectionSetNode

from tests.stand_in.shopify import connections, fields
from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.bulk_expression import Expressions
from tests.stand_in.shopify.bulk_query import BulkQuery
from tests.stand_in.shopify.bulk_selection import Field, selected
from tests.stand_in.shopify.fields import RULES
from tests.stand_in.shopify.records import Kind, Record
from tests.stand_in.shopify.rules import MANY
from tests.stand_in.shopify.shop import EVERYTHING

PAGING = ("first", "last", "after", "before")
"Ignored in a bulk query: all pages are its result."
PAGE = 250
Line = dict[str, Any]


@dataclass(slots=True)
class Rows:
    """A connection: its nodes, given their parent; the line of one; the connections below."""

    sources: Callable[[Any], Iterator[Any]]
    line: Callable[[Any], Line]
    below: tuple["Rows", ...] = ()


def compiled(query: BulkQuery, asking: Asking) -> list[Rows]:
    """The root connections of a query. Raises GraphQLError where access is denied."""
    root = asking.admin.schema.query_type
    assert root is not None
    compiler = _Compiler(query, asking, Expressions(query, asking))
    return list(compiler.roots(query.operation.selection_set, root, None))


@dataclass(slots=True)
class _Compiler:
    query: BulkQuery
    asking: Asking
    expressions: Expressions

    def roots(
        self, selections: SelectionSetNode, kind: GraphQLObjectType, source: Any
    ) -> Iterator[Rows]:
        """Connections at the root or below single objects there, which have no line."""
        for field in self._selected(selections, kind):
            if field.name == "__typename":
                continue
            if field.target.name.endswith("Connection"):
                yield self._rooted(self._connection(field, kind), source)
            elif field.node.selection_set:
                held = self.expressions.found(field, kind)(source)
                yield from self.roots(field.node.selection_set, field.target, held)

    def _rooted(self, rows: Rows, source: Any) -> Rows:
        return Rows(lambda _: rows.sources(source), rows.line, rows.below)

    def _selected(self, selections: SelectionSetNode | None, kind: Any) -> Iterator[Field]:
        return selected(self.asking.admin.schema, self.query, selections, kind)

    def _connection(self, field: Field, parent: GraphQLObjectType) -> Rows:
        edge = self._part(field, "edges")
        node = self._part(edge, "node")
        chosen = list(self._selected(node.node.selection_set, node.target))
        below = [each for each in chosen if each.target.name.endswith("Connection")]
        return Rows(
            self._sources(field, parent),
            self.expressions.line(node.node.selection_set, node.target),
            tuple(self._connection(each, node.target) for each in below),
        )

    def _part(self, field: Field, name: str) -> Field:
        parts = self._selected(field.node.selection_set, field.target)
        return next(each for each in parts if each.name == name)

    def _sources(self, field: Field, parent: GraphQLObjectType) -> Callable[[Any], Iterator[Any]]:
        """How to come from a parent to all its nodes."""
        said, info = field.arguments(but=PAGING), self.expressions.info(field, parent)
        self.expressions.guard(field, parent)
        rule = RULES.get((parent.name, field.name))
        if parent.name == "QueryRoot" and field.name in MANY:
            return lambda _: self._every(MANY[field.name], info, said)
        if rule is None:
            return lambda source: iter(fields.stored(source, field.name) or ())

        def paged(source: Any) -> Iterator[Any]:
            page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
            while page["pageInfo"]["hasNextPage"]:
                after = page["pageInfo"]["endCursor"]
                page = rule(self.asking, source, info, **said, first=PAGE, after=after)
                yield from page["nodes"]

        return paged

    def _every(self, kind: Kind, info: Any, said: dict[str, Any]) -> Iterator[Record]:
        asking = self.asking
        searched = connections.searched(asking, kind, said.get("query"), info)
        key = said.get("sortKey") or connections.DEFAULT_SORT.get(kind, "ID")
        return asking.place.shop.every(
            kind,
            EVERYTHING & asking.visible(kind) & searched,
            sort=connections.SORTS.get(key, "number"),
            reverse=bool(said.get("reverse")),
        )
