"""What pages show of releases, read through the services; plain data."""

from dataclasses import dataclass
from typing import Any

from bentos.contract.route import feature_key
from control_plane.console.killing import Killing
from control_plane.console.lanes import Lane, lanes
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
from control_plane.publish.archive import Served, load_served
from control_plane.registry.history import once_promoted
from control_plane.releases import queries
from control_plane.releases.models import ReleaseRow
from control_plane.releases.options import Option, options
from control_plane.releases.presentation import Published


@dataclass(frozen=True)
class Running:
    """One model: its lanes as published, the release that is open, what may be done."""

    name: str
    lanes: tuple[Lane, ...]
    model: dict[str, Any]
    release: dict[str, Any] | None
    offered: tuple[Option, ...]
    killing: Killing | None


def running_models(session: ReadSession, principal: Principal) -> list[Running]:
    """Every model, by name."""
    published, served = Published(session), load_served(session)
    return [_running(session, principal, published, served, m) for m in published.models()]


def running_model(session: ReadSession, principal: Principal, name: str) -> Running:
    """One model."""
    return next(each for each in running_models(session, principal) if each.name == name)


def _running(
    session: ReadSession,
    principal: Principal,
    published: Published,
    served: Served,
    model: dict[str, Any],
) -> Running:
    name = model["model"]
    row = queries.open_release(session, name)
    return Running(
        name=name,
        lanes=lanes(name, served.routes.features.get(feature_key(name)), served.kill),
        model=model,
        release=published.release(row) if row else None,
        offered=offered_for(session, principal, row),
        killing=_killing(session, principal, model),
    )


def offered_for(
    session: ReadSession, principal: Principal, row: ReleaseRow | None
) -> tuple[Option, ...]:
    """What this person may do with it."""
    return options(session, principal, row) if row else ()


def _killing(session: ReadSession, principal: Principal, model: dict[str, Any]) -> Killing | None:
    if Permission.KILL not in principal.permissions:
        return None
    killed = model["killed"]["version"] if model["killed"] else None
    targets = (v for v in once_promoted(session, model["model"]) if v != killed)
    return Killing(model["model"], tuple(targets), killed)
