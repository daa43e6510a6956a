"""Every published change of a route, what caused it, and whether somebody independent let it.

SOC 2 CC8.1 asks for the whole population of production changes. A change is a model whose route
or kill differs from the publication before. Its cause is the newest move of the model's
release, or kill, by then; whose approval counts is derived here again, from events alone: not
that of a person who wrote, edited or submitted the release.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bentos.contract.register import Action, ActorType, RegisterEvent
from control_plane.db import ReadSession
from control_plane.inquiry.history import Period, walk
from control_plane.inquiry.published import KILL, ROUTES, Told, told_by
from control_plane.releases.lifecycle import RULES, STARTED

FORWARD = frozenset(f"release:{verb.value}" for verb, rule in RULES.items() if rule.needs_approval)
STANDING = frozenset(
    {
        *(Action.RELEASE_CREATE, Action.RELEASE_EDIT, Action.RELEASE_SUBMIT),
        *(Action.RELEASE_APPROVE, Action.RELEASE_REFUSE, Action.RELEASE_SCHEDULE),
        Action.RELEASE_OPEN_GATE,
    }
)
"""What is done to a release without any call going elsewhere for it."""
SHAPING = frozenset({Action.RELEASE_CREATE, Action.RELEASE_EDIT, Action.RELEASE_SUBMIT})


class Verdict(StrEnum):
    """``approved`` and ``back`` are as they should be; the others want a look.

    ``emergency``: a kill, set or ended, which needs no approval and opens a review.
    ``altered``: the archive has not what the register says was published.
    """

    APPROVED = "approved"
    BACK = "back"
    EMERGENCY = "emergency"
    UNAPPROVED = "unapproved"
    UNEXPLAINED = "unexplained"
    ALTERED = "altered"


WITHOUT_APPROVAL = frozenset(Verdict) - {Verdict.APPROVED, Verdict.BACK}


@dataclass(frozen=True, kw_only=True)
class Publish:
    """One model's change. ``cause`` and the rest are None where nothing explains it."""

    seq: int
    at: str
    revision: int | None
    model: str | None
    verdict: Verdict
    release: str | None = None
    cause: str | None = None
    cause_seq: int | None = None
    by: str | None = None
    approvers: tuple[str, ...] = ()
    same_hand: tuple[str, ...] = ()
    """Persons who, when it was approved, could lately have acted as author and approver alike;
    empty if of one approver nobody could."""
    reason: str | None = None


@dataclass
class _State:
    """What is known as of the event at hand."""

    model_of: dict[str, str] = field(default_factory=dict)
    shapers: dict[str, set[str]] = field(default_factory=dict)
    hands: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """Release and approver → who lately made both of them and an author what they are."""
    released: dict[str, RegisterEvent] = field(default_factory=dict)
    killed: dict[str, RegisterEvent] = field(default_factory=dict)
    told: dict[str, Told] = field(default_factory=dict)

    def learn(self, event: RegisterEvent) -> None:
        """A change of a release or a kill."""
        if event.action.value.startswith("kill:"):
            self.killed[event.entity.removeprefix("kill:")] = event
            return
        if event.action is Action.RELEASE_CREATE:
            self.model_of[event.entity] = event.diff["model"][1]
        if event.action in SHAPING and event.actor.type is ActorType.PERSON:
            self.shapers.setdefault(event.entity, set()).add(event.actor.id)
        if event.action is Action.RELEASE_APPROVE:
            shared = event.diff.get("same_hand", [None, ()])[1]
            self.hands[event.entity, event.actor.id] = frozenset(shared)
        model = self.model_of.get(event.entity)
        if model is not None and _moves_traffic(event):
            self.released[model] = event


def _moves_traffic(event: RegisterEvent) -> bool:
    """Whether a release's event can be why a route changed. An abort only of what had started."""
    if event.action is Action.RELEASE_ABORT:
        return event.diff.get("state", [None])[0] in STARTED
    return event.action not in STANDING


def publishes(session: ReadSession, period: Period) -> Iterator[Publish]:
    """Changes published in a period, oldest first."""
    state = _State()
    for event in walk(session, "document:", "release:", "kill:", until=period.until):
        if event.action is not Action.DOCUMENT_PUBLISH:
            state.learn(event)
        elif event.entity in (ROUTES, KILL):
            changes = list(_changes(session, state, event))
            yield from (each for each in changes if period.holds(each.at))


def _changes(session: ReadSession, state: _State, event: RegisterEvent) -> Iterator[Publish]:
    before, now = state.told.get(event.entity, {}), told_by(session, event)
    common: dict[str, Any] = {"seq": event.seq, "at": event.at, "revision": event.entity_revision}
    if now is None:
        yield Publish(**common, model=None, verdict=Verdict.ALTERED)
        return
    state.told[event.entity] = now
    causes = state.killed if event.entity == KILL else state.released
    for model in sorted(before.keys() | now.keys()):
        if before.get(model) != now.get(model):
            yield Publish(**common, model=model, **_cause(state, causes.get(model)))


def _cause(state: _State, cause: RegisterEvent | None) -> dict[str, Any]:
    if cause is None:
        return {"verdict": Verdict.UNEXPLAINED}
    approvers = tuple(
        person for person in cause.approvals if person not in state.shapers.get(cause.entity, ())
    )
    return {
        "verdict": _verdict(cause, approvers),
        "release": cause.entity if cause.entity.startswith("release:") else None,
        "cause": cause.action.value,
        "cause_seq": cause.seq,
        "by": cause.actor.id,
        "approvers": approvers,
        "same_hand": _same_hand(state, cause.entity, approvers),
        "reason": cause.reason,
    }


def _same_hand(state: _State, release: str, approvers: tuple[str, ...]) -> tuple[str, ...]:
    found = [state.hands.get((release, person), frozenset[str]()) for person in approvers]
    return tuple(sorted(frozenset[str]().union(*found))) if all(found) else ()


def _verdict(cause: RegisterEvent, approvers: tuple[str, ...]) -> Verdict:
    if cause.action.value.startswith("kill:"):
        return Verdict.EMERGENCY
    if cause.action.value not in FORWARD:
        return Verdict.BACK
    return Verdict.APPROVED if approvers else Verdict.UNAPPROVED
