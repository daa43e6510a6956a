"""An event as a row of the register, and a row as the members that are hashed.

Reading takes what the columns hold at face value: an action this release does not know, or a
text where a number belongs, is hashed as it stands, and then does not give the stored leaf.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import msgspec
from sqlalchemy import Connection, Select, Table, Text, bindparam, select
from sqlalchemy import cast as as_type
from sqlalchemy.exc import DBAPIError

from bentos.contract import canonical
from bentos.contract.register import RegisterEvent
from control_plane.audit.models import EventRow
from control_plane.db import ReadSession

BATCH = 2000
LEAST, MOST = -(2**63), 2**63 - 1
"""What a number of 64 bits can be."""
EVENTS = cast("Table", EventRow.__table__)  # type: ignore[attr-defined]
_NAMES = tuple(EVENTS.c.keys())
_ACTOR = {"type": "actor_type", "id": "actor_id", "auth_method": "auth_method", "key_id": "key_id"}
_JSON = ("diff", "approvals")
Members = dict[str, Any]
"""An event as JSON: what ``canonical.as_builtins(event)`` gives."""


class StoredEvent(NamedTuple):
    """One row. ``members`` is None where the row cannot be read, and ``problem`` says why."""

    seq: int
    members: Members | None
    leaf: str | None = None
    root: str | None = None
    problem: str | None = None


def columns_of(event: RegisterEvent, leaf: str, root: str) -> dict[str, Any]:
    """A row's values."""
    columns: dict[str, Any] = canonical.as_builtins(event)
    actor = columns.pop("actor")
    columns.update({column: actor[name] for name, column in _ACTOR.items()})
    columns.update(schema_version=columns.pop("schema"), leaf=leaf, root=root)
    return columns


def select_events() -> Select[Any]:
    """All columns of all events, as ``stored`` takes them; to be narrowed and ordered.

    JSON as the text it is: a row whose JSON is broken must be named, not break the reading.
    """
    columns = EVENTS.c
    return select(*(as_type(columns[n], Text) if n in _JSON else columns[n] for n in _NAMES))


def stored(row: Sequence[Any]) -> StoredEvent:
    """Read one row of ``select_events``."""
    members = dict(zip(_NAMES, row, strict=True))
    seq, leaf, root = members["seq"], members.pop("leaf"), members.pop("root")
    members["actor"] = {name: members.pop(column) for name, column in _ACTOR.items()}
    members["schema"] = members.pop("schema_version")
    try:
        for name in _JSON:
            members[name] = msgspec.json.decode(members[name])
    except (msgspec.MsgspecError, UnicodeError, TypeError) as error:
        return StoredEvent(seq, None, leaf, root, f"its {name} cannot be read: {error}")
    return StoredEvent(seq, members, leaf, root)


_BATCH = (
    select_events()
    .where(EVENTS.c.seq >= bindparam("first"), EVENTS.c.seq <= bindparam("last"))
    .order_by(EVENTS.c.seq)
    .limit(BATCH)
)
_NUMBERS = _BATCH.with_only_columns(EVENTS.c.seq)


def read_events(
    session: ReadSession, after: int | None = None, until: int | None = None
) -> Iterator[StoredEvent]:
    """Rows with ``after < seq <= until`` in order, a batch in memory at a time.

    A row whose text the database cannot even hand over comes without members, as a problem.
    """
    connection = session.connection()
    # Without ``after`` from the very first row, even one that has no right to be there.
    first = LEAST if after is None else after + 1
    last = MOST if until is None else until
    while True:
        try:
            found = connection.execute(_BATCH, {"first": first, "last": last}).all()
            rows = [stored(row) for row in found]
        except DBAPIError:
            rows = list(_one_by_one(connection, first, last))
        yield from rows
        if len(rows) < BATCH:
            return
        first = rows[-1].seq + 1


def _one_by_one(connection: Connection, first: int, last: int) -> Iterator[StoredEvent]:
    numbers = connection.execute(_NUMBERS, {"first": first, "last": last}).scalars().all()
    for seq in numbers:
        try:
            row = connection.execute(_BATCH, {"first": seq, "last": seq}).one()
        except DBAPIError as error:
            yield StoredEvent(seq, None, problem=f"it cannot be read: {error.orig}")
        else:
            yield stored(row)
