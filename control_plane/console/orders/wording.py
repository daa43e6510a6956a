"""What the buttons of a release say, and what they say will happen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from control_plane.console.elements.share import percent
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.options import Option

Release = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Wording:
    """``button`` opens the question, ``confirm`` answers it, ``done`` says that it was done."""

    button: str
    title: str
    confirm: str
    done: str
    says: Callable[[Release, Option], list[str]]
    kind: str = ""
    drawing: str = ""


def _starts(release: Release, option: Option) -> list[str]:
    candidate = release["candidate"]
    if option.to is State.PROMOTED:
        return [f"{candidate} answers every call of {release['model']} from now on."]
    if option.to is State.SHADOW:
        return [
            f"{candidate} gets copies of the calls; its answers are compared and go to nobody.",
            f"{release['stable'] or 'Stable'} goes on answering everybody.",
        ]
    return [f"{percent(option.buckets or 0)} of visitors get {candidate}."]


def _pauses(release: Release, _: Option) -> list[str]:
    kept = percent(round(release["weight"] * 10_000))
    return [
        f"The share stays at {kept}: who has the candidate keeps it, nobody else gets it.",
        "It goes on only when somebody resumes it.",
    ]


def _resumes(release: Release, option: Option) -> list[str]:
    if option.to is State.SHADOW:
        return [f"{release['candidate']} gets copies of the calls again."]
    return [f"The canary goes on at {percent(option.buckets or 0)}."]


def _promotes(release: Release, _: Option) -> list[str]:
    return [
        f"{release['candidate']} becomes the stable version and answers every call.",
        f"{release['stable']} stays warm, so that rolling back is one click.",
    ]


def _rolls_back(release: Release, _: Option) -> list[str]:
    if release["state"] == State.PROMOTED:
        return [
            f"{release['model']} goes back to the version that was stable before this one.",
            "A release that was built on this one is aborted.",
        ]
    return [
        f"{release['stable']} answers everybody again, within a second.",
        "The release is closed; the way forward is a new one.",
    ]


def _aborts(release: Release, _: Option) -> list[str]:
    return [
        "The release is closed and can not be taken up again.",
        f"{release['stable'] or 'Nothing'} serves {release['model']} afterwards.",
    ]


WORDINGS: dict[Verb, Wording] = {
    Verb.SUBMIT: Wording(
        button="Submit for review",
        title="Submit for review",
        confirm="Submit",
        done="Submitted. An approver who did not work on it can look at it now.",
        says=lambda *_: [
            "An approver who did not write, edit or submit it must approve this very content.",
            "An edit afterwards makes every approval void.",
        ],
        kind="primary",
        drawing="in_review",
    ),
    Verb.APPROVE: Wording(
        button="Approve",
        title="Approve this content",
        confirm="Approve",
        done="Approved. A release manager can start it now.",
        says=lambda *_: ["Your approval is for exactly the content below, and for no later edit."],
        kind="primary",
        drawing="approved",
    ),
    Verb.REFUSE: Wording(
        button="Refuse",
        title="Refuse this release",
        confirm="Refuse",
        done="Refused. It is a draft again.",
        says=lambda *_: ["It goes back to draft, and every approval is void."],
        drawing="denied",
    ),
    Verb.SCHEDULE: Wording(
        button="Schedule",
        title="Start at a time",
        confirm="Schedule",
        done="Scheduled.",
        says=lambda *_: [
            "It starts by itself at that time, if its approval still stands; else it is aborted."
        ],
        drawing="scheduled",
    ),
    Verb.START: Wording(
        button="Start",
        title="Start this release",
        confirm="Start",
        done="Started.",
        says=_starts,
        kind="primary",
        drawing="right",
    ),
    Verb.RAMP: Wording(
        button="Ramp",
        title="Ramp the canary",
        confirm="Ramp",
        done="Ramped.",
        says=lambda *_: [],
        kind="primary",
        drawing="canary",
    ),
    Verb.LOWER: Wording(
        button="Lower",
        title="Lower the canary",
        confirm="Lower",
        done="Lowered.",
        says=lambda *_: [],
        drawing="rolled_back",
    ),
    Verb.OPEN_GATE: Wording(
        button="Open the gate",
        title="Open the gate of this step",
        confirm="Open the gate",
        done="The gate is open. A release manager can ramp it now.",
        says=lambda release, _: [
            f"You looked at the step at {percent(round(release['weight'] * 10_000))}: it may go on."
        ],
        kind="primary",
        drawing="right",
    ),
    Verb.PAUSE: Wording(
        button="Pause",
        title="Pause this release",
        confirm="Pause",
        done="Paused.",
        says=_pauses,
        drawing="paused",
    ),
    Verb.RESUME: Wording(
        button="Resume",
        title="Resume this release",
        confirm="Resume",
        done="Resumed.",
        says=_resumes,
        kind="primary",
        drawing="right",
    ),
    Verb.PROMOTE: Wording(
        button="Promote",
        title="Promote the candidate",
        confirm="Promote",
        done="Promoted.",
        says=_promotes,
        drawing="promoted",
    ),
    Verb.ROLLBACK: Wording(
        button="Roll back",
        title="Roll back",
        confirm="Roll back now",
        done="Rolled back.",
        says=_rolls_back,
        kind="primary stop",
        drawing="rolled_back",
    ),
    Verb.ABORT: Wording(
        button="Abort",
        title="Abort this release",
        confirm="Abort",
        done="Aborted.",
        says=_aborts,
        kind="danger",
        drawing="aborted",
    ),
}
