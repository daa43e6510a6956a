"""Pages of records or lists: cursors, order, which page follows."""

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from graphql import GraphQLResolveInfo

from tests.stand_in.shopify.asking import Asking
from tests.stand_in.shopify.errors import bad_request
from tests.stand_in.shopify.records import Kind
from tests.stand_in.shopify.search import InvalidTimestamp, search
from tests.stand_in.shopify.shop import EVERYTHING, Condition

SORTS = {
    "CREATED_AT": "created_at",
    "UPDATED_AT": "updated_at",
    "PROCESSED_AT": "processed_at",
    "ID": "number",
    "ORDER_NUMBER": "number",
    "RELEVANCE": "number",
    "POSITION": "number",
}
DEFAULT_SORT = {Kind.ORDER: "PROCESSED_AT"}


def page(
    asking: Asking, kind: Kind, where: Condition, info: GraphQLResolveInfo, **said: Any
) -> dict[str, Any]:
    """A connection over records of a kind."""
    size, backwards = window(said)
    sort = _sort(kind, said.get("sortKey"))
    condition = where & asking.visible(kind) & searched(asking, kind, said.get("query"), info)
    cursor = said.get("before") if backwards else said.get("after")
    rows = asking.place.shop.page(
        kind,
        condition,
        sort=sort,
        reverse=bool(said.get("reverse")) != backwards,
        after=_opened(cursor),
        limit=size + 1,
    )
    more, rows = len(rows) > size, rows[:size]
    if backwards:
        rows.reverse()
    cursors = [_closed(row.number, getattr(row, sort), time=sort != "number") for row in rows]
    return _connection(rows, cursors, more, backwards, cursor is not None)


def of_list(items: Sequence[Any], **said: Any) -> dict[str, Any]:
    """A connection over what one record holds."""
    size, backwards = window(said)
    places = list(range(len(items)))
    if said.get("reverse"):
        places.reverse()
    cursor = said.get("before") if backwards else said.get("after")
    if backwards:
        places.reverse()
    opened = _opened(cursor)
    if opened is not None:
        places = places[places.index(opened[0]) + 1 :] if opened[0] in places else []
    more, places = len(places) > size, places[:size]
    if backwards:
        places.reverse()
    cursors = [_closed(place, place, time=False) for place in places]
    return _connection([items[n] for n in places], cursors, more, backwards, cursor is not None)


def window(said: dict[str, Any]) -> tuple[int, bool]:
    """The page's size, and whether it is counted from the end; raises BAD_REQUEST."""
    first, last = said.get("first"), said.get("last")
    if first is None and last is None:
        raise bad_request("you must provide one of first or last")
    if first is not None and last is not None:
        raise bad_request("providing both first and last is not supported")
    size = first if first is not None else last
    if size is None or size < 0:
        raise bad_request("first cannot be less than zero")
    return int(size), first is None


def searched(
    asking: Asking,
    kind: Kind,
    text: str | None,
    info: GraphQLResolveInfo,
    only: frozenset[str] | None = None,
) -> Condition:
    """The condition of a ``query:``; what was ignored of it goes into ``extensions.search``.

    ``only`` says which fields may be asked for, None all of the kind.
    """
    if not text:
        return EVERYTHING
    try:
        found = search(kind, text, only)
    except InvalidTimestamp as error:
        raise bad_request(str(error)) from error
    if found.warnings:
        asking.searches.append(
            {
                "path": info.path.as_list(),
                "query": text,
                "parsed": found.parsed,
                "warnings": found.warnings,
            }
        )
    return found.condition


def _sort(kind: Kind, key: str | None) -> str:
    key = key or DEFAULT_SORT.get(kind, "ID")
    if key not in SORTS:
        raise bad_request(f"The stand-in does not sort by {key}; it sorts by {sorted(SORTS)}.")
    return SORTS[key]


def _closed(number: int, value: int, *, time: bool) -> str:
    """As captured: a time in milliseconds, anything else as text."""
    shown = value * 1000 if time else str(value)
    said = json.dumps({"last_id": number, "last_value": shown}, separators=(",", ":"))
    return base64.b64encode(said.encode()).decode()


def _opened(cursor: str | None) -> tuple[int, int] | None:
    """(sort value, number) of a cursor."""
    if cursor is None:
        return None
    try:
        said = json.loads(base64.b64decode(cursor, validate=True))
        value = said["last_value"]
        return int(value) // 1000 if isinstance(value, int) else int(value), int(said["last_id"])
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise bad_request("Invalid cursor for current pagination sort.") from error


def _connection(
    rows: Sequence[Any], cursors: list[str], more: bool, backwards: bool, beyond: bool
) -> dict[str, Any]:
    return {
        "nodes": rows,
        "edges": [
            {"node": row, "cursor": cursor} for row, cursor in zip(rows, cursors, strict=True)
        ],
        "pageInfo": {
            "hasNextPage": beyond if backwards else more,
            "hasPreviousPage": more if backwards else beyond,
            "startCursor": cursors[0] if cursors else None,
            "endCursor": cursors[-1] if cursors else None,
        },
    }
