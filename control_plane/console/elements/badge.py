"""A state as icon, word and hue: each alone would do."""

from nicegui import html

from bentos.contract.manifest import VersionState
from bentos.contract.register import Outcome
from control_plane.console.elements.icon import icon
from control_plane.releases.lifecycle import State

# state → (icon, word, hue)
_BADGES: dict[str, tuple[str, str, str]] = {
    State.DRAFT: ("draft", "Draft", ""),
    State.IN_REVIEW: ("in_review", "In review", "tone-blue"),
    State.APPROVED: ("approved", "Approved", "tone-go"),
    State.SCHEDULED: ("scheduled", "Scheduled", "tone-blue"),
    State.SHADOW: ("shadow", "Shadow", "tone-purple"),
    State.CANARY: ("canary", "Canary", "tone-orange"),
    State.PAUSED: ("paused", "Paused", "tone-orange"),
    State.PROMOTED: ("promoted", "Promoted", "tone-go"),
    State.ROLLED_BACK: ("rolled_back", "Rolled back", "tone-red"),
    State.ABORTED: ("aborted", "Aborted", ""),
    VersionState.REGISTERED: ("promoted", "Registered", "tone-go"),
    VersionState.REJECTED: ("denied", "Rejected", "tone-red"),
    VersionState.RETIRED: ("aborted", "Retired", ""),
    Outcome.ALLOWED: ("promoted", "Allowed", ""),
    Outcome.DENIED: ("denied", "Denied", "tone-red"),
    "stable": ("stable", "Stable", "tone-go"),
    "nothing": ("aborted", "Serves nobody", ""),
    "killed": ("killed", "Killed", "tone-red"),
    "active": ("promoted", "Active", "tone-go"),
    "disabled": ("denied", "Disabled", "tone-red"),
    "void": ("aborted", "Void", ""),
    "revoked": ("denied", "Revoked", ""),
    "expired": ("scheduled", "Expired", ""),
    "unreached": ("warning", "Not reached", "tone-orange"),
    "replaced": ("right", "Rotated, still good", "tone-orange"),
    "rotating": ("right", "Rotating, both good", "tone-orange"),
    "here": ("person", "This browser", "tone-go"),
    "in_force": ("paused", "In force", "tone-orange"),
    "proposed": ("in_review", "Proposed", "tone-blue"),
    "to_come": ("scheduled", "To come", "tone-blue"),
    "over": ("aborted", "Over", ""),
    "open": ("in_review", "Open", "tone-orange"),
    "in_time": ("scheduled", "In time", "tone-blue"),
    "soon": ("warning", "Due soon", "tone-orange"),
    "overdue": ("warning", "Overdue", "tone-red"),
    "closed": ("approved", "Answered", ""),
    "under_way": ("right", "Under way", "tone-orange"),
    "done": ("promoted", "Done", "tone-go"),
    "night_done": ("promoted", "Good", "tone-go"),
    "night_failed": ("denied", "Failed", "tone-red"),
    "night_stopped": ("paused", "Stopped", "tone-orange"),
    "consented": ("approved", "In force", "tone-go"),
    "no_consent": ("denied", "None", ""),
    "emergency": ("killed", "Emergency", "tone-orange"),
    "unapproved": ("warning", "Unapproved", "tone-red"),
    "unexplained": ("warning", "Unexplained", "tone-red"),
    "altered": ("denied", "Altered", "tone-red"),
    "public": ("person", "Public", "tone-orange"),
    "server": ("key", "Server", ""),
}


def badge(state: str, more: str = "") -> None:
    """Draw a state's badge; ``more`` is added to its word, e.g. a share."""
    name, word, tone = _BADGES[state]
    with html.span().classes(f"badge {tone}"):
        icon(name)
        html.span(f"{word} {more}".rstrip())
