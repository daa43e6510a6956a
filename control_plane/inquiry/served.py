"""What served a model at a time: the routes and kills that were in force, as they were told."""

from dataclasses import dataclass
from typing import Any

from bentos.contract.register import Action, RegisterEvent
from control_plane.db import ReadSession
from control_plane.errors import ConflictError, NotFoundError
from control_plane.inquiry.history import walk
from control_plane.inquiry.published import KILL, ROUTES, told_by
from control_plane.publish.features import is_canary


@dataclass(frozen=True, kw_only=True)
class Served:
    """``version`` got all calls, or with ``canary`` those outside of it.

    ``kill`` overrides everything. ``routes_seq`` and ``kill_seq`` are the events that say so;
    ``revision`` is the routes document's, which every decision made by it carries. Gateways
    obeyed within about a second of ``routes_at``; what one did is in its decisions.
    """

    model: str
    at: str
    version: str
    shadow: tuple[str, ...]
    canary: dict[str, Any] | None
    kill: dict[str, Any] | None
    revision: int | None
    routes_at: str
    routes_seq: int
    kill_seq: int | None


def served(session: ReadSession, model: str, at: str) -> Served:
    """By the register and the archived documents.

    Raises NotFoundError when the model had no route then, ConflictError when the archive has
    not what the register says was published.
    """
    routes: RegisterEvent | None = None
    kills: RegisterEvent | None = None
    for event in walk(session, Action.DOCUMENT_PUBLISH.value, until=f"{at}~"):
        if event.entity == ROUTES:
            routes = event
        elif event.entity == KILL:
            kills = event
    feature = _told(session, routes).get(model)
    if routes is None or feature is None:
        raise NotFoundError(f"{model} had no route at {at}")
    kill = _told(session, kills).get(model)
    stable = feature["defaultValue"]
    return Served(
        model=model,
        at=at,
        version=stable["serve"] if kill is None else kill["version"],
        shadow=tuple(stable.get("shadow", ())),
        canary=_canary(feature),
        kill=kill,
        revision=routes.entity_revision,
        routes_at=routes.at,
        routes_seq=routes.seq,
        kill_seq=None if kills is None else kills.seq,
    )


def _told(session: ReadSession, event: RegisterEvent | None) -> dict[str, Any]:
    if event is None:
        return {}
    told = told_by(session, event)
    if told is None:
        raise ConflictError(
            f"the archive has not the document that event {event.seq} says was published"
        )
    return told


def _canary(feature: dict[str, Any]) -> dict[str, Any] | None:
    for rule in feature.get("rules", ()):
        # Rules of an upstream GrowthBook are told by the document itself.
        if not is_canary(rule):
            continue
        start, end = rule["ranges"][1]
        return {
            "release": f"release:{rule['id']}",
            "version": rule["variations"][1]["serve"],
            "weight": end - start,
            "condition": rule.get("condition"),
        }
    return None
