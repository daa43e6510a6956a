"""What the events are asked: by actor, entity, model, action, outcome and time, in pages."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Outcome
from control_plane import clock
from control_plane.audit.event_row import EVENTS, Members, select_events, stored
from control_plane.db import ReadSession
from control_plane.errors import ConflictError

_C = EVENTS.c
_EXACT = ("actor", "entity", "outcome")
_COLUMN = {"actor": _C.actor_id, "entity": _C.entity, "outcome": _C.outcome}
RELEASE = "release:"


@dataclass(frozen=True, kw_only=True)
class Question:
    """Which events; None asks for all. ``since`` is included, ``until`` is not.

    ``action`` is one of the closed list, or a subject with its colon (``release:``) for all of
    its verbs. ``model`` takes in what is about the model, its versions, releases and kills.
    """

    actor: str | None = None
    entity: str | None = None
    model: str | None = None
    action: str | None = None
    outcome: str | None = None
    since: str | None = None
    until: str | None = None

    def __post_init__(self) -> None:
        """Refuse what can match nothing for being misspelt; bring times into their form."""
        subjects = {action.value.partition(":")[0] + ":" for action in Action}
        actions = {action.value for action in Action}
        if self.action is not None and self.action not in actions | subjects:
            raise ContractError("action", "an action, or a subject and a colon", self.action)
        outcomes = [outcome.value for outcome in Outcome]
        if self.outcome is not None and self.outcome not in outcomes:
            raise ContractError("outcome", f"one of {outcomes}", self.outcome)
        for name in ("since", "until"):
            given = getattr(self, name)
            if given is not None:
                object.__setattr__(self, name, clock.parse(given, name))

    @property
    def asks_for_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Question()


def find(
    session: ReadSession,
    question: Question,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int,
    newest_first: bool = False,
) -> list[Members]:
    """Events that answer the question, with ``after < seq < before``, a page of them.

    Raises ConflictError for a row that cannot be read: it was tampered with.
    """
    query = narrowed(session, select_events(), question)
    if after is not None:
        query = query.where(_C.seq > after)
    if before is not None:
        query = query.where(_C.seq < before)
    query = query.order_by(_C.seq.desc() if newest_first else _C.seq).limit(limit)
    found = []
    for row in session.connection().execute(query):
        event = stored(row)
        if event.members is None:
            raise ConflictError(f"event {event.seq} cannot be read, {event.problem}; verify")
        found.append(event.members)
    return found


def narrowed(session: ReadSession, query: Select[Any], question: Question) -> Select[Any]:
    """The query, for only those events that answer the question."""
    for name in _EXACT:
        value = getattr(question, name)
        if value is not None:
            query = query.where(_COLUMN[name] == value)
    if question.action is not None:
        if question.action.endswith(":"):
            query = query.where(_C.action.startswith(question.action, autoescape=True))
        else:
            query = query.where(_C.action == question.action)
    if question.model is not None:
        query = query.where(about_model(session, question.model))
    if question.since is not None:
        query = query.where(_C.at >= question.since)
    if question.until is not None:
        query = query.where(_C.at < question.until)
    return query


def about_model(session: ReadSession, model: str) -> ColumnElement[bool]:
    """What is about a model: itself, its versions, its kills, and its releases, which say in
    their first event whose they are."""
    return or_(
        _C.entity.in_([f"model:{model}", f"kill:{model}", *releases_of(session, model)]),
        _C.entity.startswith(f"version:{model}:", autoescape=True),
    )


def releases_of(session: ReadSession, model: str) -> list[str]:
    """Entities of a model's releases, oldest first, by the register alone."""
    query = select(_C.entity, _C.diff).where(
        _C.action == Action.RELEASE_CREATE.value, _C.outcome == Outcome.ALLOWED.value
    )
    rows = session.connection().execute(query.order_by(_C.seq))
    return [row.entity for row in rows if row.diff.get("model") == [None, model]]
