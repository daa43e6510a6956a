"""The release lifecycle: which verb leads from which state to which, who may, what it needs.

    draft → in_review → approved → scheduled → shadow → canary(step k) ⇄ paused
                                             → promoted | rolled_back | aborted

Two laws. Rule 1: everything that affects states and transitions lives in this file.
Rule 2: this file knows no database, no clock and no network; it is a table and the few
lines that read it. ``docs/releases.md`` is drawn from the same table.

Forward needs a live approval of the release's present content; backward never does. A
first version of a model (``bootstrap``) goes straight from approved to promoted.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from control_plane.errors import PolicyError
from control_plane.principal import Permission


class State(StrEnum):
    """Where a release stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    SHADOW = "shadow"
    CANARY = "canary"
    PAUSED = "paused"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"
    ABORTED = "aborted"


class Verb(StrEnum):
    """What can be asked of a release. ``halt`` is the system's: a kill stops the canary at 0 %.

    ``lower`` is what ``ramp`` to a smaller weight means (``meant``): it goes back. ``open_gate``
    lets a release leave a step that asks for a person's look.
    """

    EDIT = "edit"
    SUBMIT = "submit"
    APPROVE = "approve"
    REFUSE = "refuse"
    SCHEDULE = "schedule"
    START = "start"
    RAMP = "ramp"
    LOWER = "lower"
    OPEN_GATE = "open_gate"
    PAUSE = "pause"
    RESUME = "resume"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    ABORT = "abort"
    HALT = "halt"


class When(StrEnum):
    """Which releases an edge is for; the first edge that fits is taken."""

    ALWAYS = ""
    BOOTSTRAP = "bootstrap"
    SHADOW_FIRST = "with shadow"
    NEVER_EXPOSED = "never exposed"


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the edges ask about a release. ``exposed``: it has been in canary before."""

    bootstrap: bool = False
    shadow: bool = True
    exposed: bool = False


@dataclass(frozen=True)
class Edge:
    """One way out of a state."""

    to: State
    when: When = When.ALWAYS


@dataclass(frozen=True)
class Rule:
    """Who may use a verb (None: only the system) and whether it needs a live approval.

    ``waits_for_thaw``: refused while a freeze window covers the model. ``second_person``:
    nobody who wrote, edited or submitted the release may use it. ``names_revision``: it is about
    what was read, so it must say which revision that was.
    """

    permission: Permission | None
    needs_approval: bool = False
    persons_only: bool = False
    waits_for_thaw: bool = False
    second_person: bool = False
    names_revision: bool = False


class IllegalTransitionError(PolicyError):
    """The verb does not exist in this state."""

    title = "Illegal transition"

    def __init__(self, state: State, verb: Verb) -> None:
        self.state, self.verb = state, verb
        options = ", ".join(sorted(TRANSITIONS[state])) or "nothing any more"
        super().__init__(
            f"cannot {verb.value} a release that is {state.value}; possible: {options}"
        )


_START = (
    Edge(State.PROMOTED, When.BOOTSTRAP),
    Edge(State.SHADOW, When.SHADOW_FIRST),
    Edge(State.CANARY),
)
_TO = {state: (Edge(state),) for state in State}

TRANSITIONS: MappingProxyType[State, dict[Verb, tuple[Edge, ...]]] = MappingProxyType(
    {
        State.DRAFT: {
            Verb.EDIT: _TO[State.DRAFT],
            Verb.SUBMIT: _TO[State.IN_REVIEW],
            Verb.ABORT: _TO[State.ABORTED],
        },
        State.IN_REVIEW: {
            Verb.EDIT: _TO[State.DRAFT],
            Verb.APPROVE: _TO[State.APPROVED],
            Verb.REFUSE: _TO[State.DRAFT],
            Verb.ABORT: _TO[State.ABORTED],
        },
        State.APPROVED: {
            Verb.EDIT: _TO[State.DRAFT],
            Verb.REFUSE: _TO[State.DRAFT],
            Verb.SCHEDULE: _TO[State.SCHEDULED],
            Verb.START: _START,
            Verb.ABORT: _TO[State.ABORTED],
        },
        State.SCHEDULED: {
            Verb.EDIT: _TO[State.DRAFT],
            Verb.REFUSE: _TO[State.DRAFT],
            Verb.START: _START,
            Verb.ABORT: _TO[State.ABORTED],
        },
        State.SHADOW: {
            Verb.RAMP: _TO[State.CANARY],
            Verb.PAUSE: _TO[State.PAUSED],
            Verb.HALT: _TO[State.PAUSED],
            Verb.ROLLBACK: _TO[State.ROLLED_BACK],
            Verb.ABORT: _TO[State.ABORTED],
        },
        State.CANARY: {
            Verb.RAMP: _TO[State.CANARY],
            Verb.LOWER: _TO[State.CANARY],
            Verb.OPEN_GATE: _TO[State.CANARY],
            Verb.PAUSE: _TO[State.PAUSED],
            Verb.HALT: _TO[State.PAUSED],
            Verb.PROMOTE: _TO[State.PROMOTED],
            Verb.ROLLBACK: _TO[State.ROLLED_BACK],
            Verb.ABORT: _TO[State.ABORTED],
        },
        State.PAUSED: {
            Verb.RESUME: (Edge(State.SHADOW, When.NEVER_EXPOSED), Edge(State.CANARY)),
            Verb.LOWER: _TO[State.PAUSED],
            Verb.OPEN_GATE: _TO[State.PAUSED],
            Verb.HALT: _TO[State.PAUSED],
            Verb.ROLLBACK: _TO[State.ROLLED_BACK],
            Verb.ABORT: _TO[State.ABORTED],
        },
        State.PROMOTED: {Verb.ROLLBACK: _TO[State.ROLLED_BACK]},
        State.ROLLED_BACK: {},
        State.ABORTED: {},
    }
)

_ONWARD = Rule(Permission.RELEASES_FORWARD, needs_approval=True, waits_for_thaw=True)
_JUDGEMENT = Rule(
    Permission.RELEASES_APPROVE, persons_only=True, second_person=True, names_revision=True
)

RULES: MappingProxyType[Verb, Rule] = MappingProxyType(
    {
        Verb.EDIT: Rule(Permission.RELEASES_WRITE, names_revision=True),
        Verb.SUBMIT: Rule(Permission.RELEASES_WRITE, persons_only=True),
        Verb.APPROVE: _JUDGEMENT,
        Verb.REFUSE: Rule(Permission.RELEASES_APPROVE, persons_only=True),
        Verb.SCHEDULE: Rule(Permission.RELEASES_FORWARD, needs_approval=True),
        Verb.START: _ONWARD,
        Verb.RAMP: _ONWARD,
        Verb.RESUME: _ONWARD,
        Verb.PROMOTE: _ONWARD,
        Verb.LOWER: Rule(Permission.RELEASES_BACK),
        Verb.OPEN_GATE: _JUDGEMENT,
        Verb.PAUSE: Rule(Permission.RELEASES_BACK),
        Verb.ROLLBACK: Rule(Permission.RELEASES_BACK),
        Verb.ABORT: Rule(Permission.RELEASES_BACK),
        Verb.HALT: Rule(None),
    }
)

STARTED = frozenset({State.SHADOW, State.CANARY, State.PAUSED})
CLOSED = frozenset({State.PROMOTED, State.ROLLED_BACK, State.ABORTED})
OPEN = frozenset(State) - CLOSED


def meant(verb: Verb, present: float, weight: float | None) -> Verb:
    """The verb of the table behind what was asked: a ramp from ``present`` down is ``lower``."""
    if verb is Verb.RAMP and weight is not None and weight < present:
        return Verb.LOWER
    return verb


def goes_back(verb: Verb) -> bool:
    """Whether a verb only ever takes traffic off the candidate, or stops it."""
    return RULES[verb].permission in (Permission.RELEASES_BACK, None)


def target(state: State, verb: Verb, facts: Facts) -> State:
    """The state a verb leads to; raises IllegalTransitionError naming state and verb."""
    for edge in TRANSITIONS[state].get(verb, ()):
        if _fits(edge.when, facts):
            return edge.to
    raise IllegalTransitionError(state, verb)


def _fits(when: When, facts: Facts) -> bool:
    return {
        When.ALWAYS: True,
        When.BOOTSTRAP: facts.bootstrap,
        When.SHADOW_FIRST: facts.shadow,
        When.NEVER_EXPOSED: not facts.exposed,
    }[when]
