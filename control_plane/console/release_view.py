"""What pages show of releases, read through the services; plain data."""

from dataclasses import dataclass
from typing import Any

from bentos.contract.route import feature_key
from control_plane.console.lanes import Lane, lanes
from control_plane.console.orders.kill import Killing
from control_plane.console.sightings import Sightings
from control_plane.db import ReadSession
from control_plane.principal import Permission, Principal
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


@dataclass(frozen=True)
class Looking:
    """Somebody looks: in which snapshot, who, and what is known of how many a step reached."""

    session: ReadSession
    principal: Principal
    sightings: Sightings


def running_models(looking: Looking) -> list[Running]:
    """Every model, by name."""
    published = Published(looking.session)
    return [_running(looking, published, model) for model in published.models()]


def running_model(looking: Looking, name: str) -> Running:
    """One model."""
    published = Published(looking.session)
    model = next(each for each in published.models() if each["model"] == name)
    return _running(looking, published, model)


def _running(looking: Looking, published: Published, model: dict[str, Any]) -> Running:
    name, served = model["model"], published.served
    row = queries.open_release(looking.session, name)
    return Running(
        name=name,
        lanes=lanes(name, served.routes.features.get(feature_key(name)), served.kill),
        model=model,
        release=published.release(row) if row else None,
        offered=offered_for(looking, row),
        killing=_killing(looking.session, looking.principal, model),
    )


def offered_for(looking: Looking, row: ReleaseRow | None) -> tuple[Option, ...]:
    """What this person may do with it."""
    if row is None:
        return ()
    session, principal = looking.session, looking.principal
    if Permission.RELEASES_FORWARD not in principal.permissions:
        return options(session, principal, row)
    return options(session, principal, row, looking.sightings.of(row))


def _killing(session: ReadSession, principal: Principal, model: dict[str, Any]) -> Killing | None:
    if Permission.KILL not in principal.permissions:
        return None
    killed = model["killed"]["version"] if model["killed"] else None
    targets = (v for v in once_promoted(session, model["model"]) if v != killed)
    return Killing(model["model"], tuple(targets), killed)
