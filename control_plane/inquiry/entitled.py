"""Who could do a thing at a time: roles and keys as the register says they were then.

What a role allows is read from this release's table (``principal.ROLES``), which the register
does not hold: for an old date, use the release of that date.
"""

from dataclasses import dataclass, field
from typing import Any

from bentos.contract.register import RegisterEvent
from control_plane.db import ReadSession
from control_plane.inquiry.history import walk
from control_plane.principal import ROLES, SERVICES, Permission, Role


@dataclass(frozen=True)
class Entitled:
    """``since_seq``: the event that gave it. ``keys``: ids of keys that were good then."""

    id: str
    type: str
    roles: tuple[str, ...]
    keys: tuple[str, ...]
    since_seq: int | None


@dataclass
class _Held:
    """A person's or a key's members as of the event at hand."""

    members: dict[str, Any] = field(default_factory=dict)
    since: int | None = None


def entitled(session: ReadSession, at: str, permission: Permission) -> list[Entitled]:
    """Persons and services that had a permission at a stored time, by id.

    A person needs no key to count: they may sign in.
    """
    people: dict[str, _Held] = {}
    keys: dict[str, _Held] = {}
    # Up to and with the moment itself.
    for event in walk(session, "person:", "key:", until=f"{at}~"):
        kind, _, name = event.entity.partition(":")
        _apply(people if kind == "person" else keys, name, event)
    good = {name: key.members for name, key in keys.items() if _is_good(key.members, at)}
    found = [
        Entitled(
            name, "person", tuple(held.members["roles"]), _of(good, "person", name), held.since
        )
        for name, held in people.items()
        if _may(held.members, permission)
    ]
    found += [
        Entitled(name, "service", (), _of(good, "service", name), None)
        for name, permissions in SERVICES.items()
        if permission in permissions and _of(good, "service", name)
    ]
    return sorted(found, key=lambda each: (each.type, each.id))


def _apply(held: dict[str, _Held], name: str, event: RegisterEvent) -> None:
    """Take over what an event says changed: ``{member: [before, after]}``."""
    one = held.setdefault(name, _Held())
    pairs = {key: pair[1] for key, pair in event.diff.items() if _is_pair(pair)}
    if "roles" in pairs or "disabled_at" in pairs:
        one.since = event.seq
    one.members |= pairs


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2


def _may(members: dict[str, Any], permission: Permission) -> bool:
    if members.get("disabled_at") is not None:
        return False
    known = {role.value for role in Role}
    roles = [Role(role) for role in members.get("roles") or () if role in known]
    return any(permission in ROLES[role] for role in roles)


def _is_good(key: dict[str, Any], at: str) -> bool:
    revoked, expires = key.get("revoked_at"), key.get("expires_at")
    return (revoked is None or revoked > at) and (expires is None or expires > at)


def _of(keys: dict[str, dict[str, Any]], kind: str, name: str) -> tuple[str, ...]:
    return tuple(sorted(key for key, members in keys.items() if members.get(kind) == name))
