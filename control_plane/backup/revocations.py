"""What was taken away after a backup stays away, if the replaced database can still tell.

A restore brings back rows as they were: a key that was revoked because it was stolen would open
doors again, and so would a person who was shut out. Only that way round: nothing is given.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, or_, select
from sqlmodel import SQLModel

from control_plane import clock
from control_plane.callers.models import CallerRow
from control_plane.callers.service import revoke_caller
from control_plane.db import WriteSession
from control_plane.errors import PolicyError
from control_plane.growthbook.models import SdkKeyRow
from control_plane.growthbook.service import revoke_sdk_key
from control_plane.people.access import disable_person
from control_plane.people.keys import revoke_key
from control_plane.people.models import KeyRow, PersonRow
from control_plane.principal import Principal

Taken = Mapping[str, frozenset[tuple[str, str]]]
"""Table → id and ``created_at`` of rows that are over: of one id there may have been another."""


@dataclass(frozen=True)
class _Kind:
    row: type[SQLModel]
    ended_at: str
    end: Callable[[WriteSession, Principal, str], Any]


_KINDS = {
    "person": _Kind(PersonRow, "disabled_at", disable_person),
    "api_key": _Kind(KeyRow, "revoked_at", revoke_key),
    "caller": _Kind(CallerRow, "revoked_at", revoke_caller),
    "sdk_key": _Kind(SdkKeyRow, "revoked_at", revoke_sdk_key),
}


def look(connection: Connection, tables: Mapping[str, Table]) -> Taken:
    """What is over in a database, of whatever schema."""
    found = {}
    for name, kind in _KINDS.items():
        if name in tables:
            columns = tables[name].columns
            over: ColumnElement[bool] = columns[kind.ended_at].is_not(None)
            if "expires_at" in columns:
                # A key that was rotated is not revoked: its time was cut short.
                over = or_(over, columns["expires_at"] <= clock.now())
            rows = connection.execute(select(columns["id"], columns["created_at"]).where(over))
            found[name] = frozenset((row.id, row.created_at) for row in rows)
    return found


def carry_over(session: WriteSession, principal: Principal, taken: Taken) -> list[str]:
    """End it in the restored database too, each with its event; what was ended.

    Whoever would be the last admin stays: somebody must be let in to mend things.
    """
    return [
        f"{name}:{each}"
        for name, kind in _KINDS.items()
        for each in _still_good(session, kind, taken.get(name, frozenset()))
        if _ended(session, principal, kind, each)
    ]


def _still_good(
    session: WriteSession, kind: _Kind, ended: frozenset[tuple[str, str]]
) -> Iterator[str]:
    for each, created_at in sorted(ended):
        row: Any = session.get(kind.row, each)
        if row is not None and row.created_at == created_at and not _is_over(row, kind):
            yield each


def _is_over(row: Any, kind: _Kind) -> bool:
    expires_at = getattr(row, "expires_at", None)
    return bool(getattr(row, kind.ended_at) or (expires_at and expires_at <= clock.now()))


def _ended(session: WriteSession, principal: Principal, kind: _Kind, each: str) -> bool:
    try:
        kind.end(session, principal, each)
    except PolicyError:
        return False
    return True
