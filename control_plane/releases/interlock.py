"""What stands between a release and a verb that leads forward; asked anew every time.

Each question answers with reasons in words, all of them at once, so that a person sees in one
refusal what is left to do. Going back is never asked about here.
"""

from dataclasses import dataclass

from bentos.contract.route import compile_features
from control_plane import clock
from control_plane.approvals import service as approvals
from control_plane.db import ReadSession
from control_plane.follow.queries import why_followed
from control_plane.lint.finding import Finding
from control_plane.lint.publication import check_model
from control_plane.registry import history
from control_plane.registry.service import get_version
from control_plane.releases import lifecycle, steps
from control_plane.releases.binding import live_approvers, why_broken
from control_plane.releases.content import plan_of, steps_of
from control_plane.releases.freezes import why_frozen
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.plan import why_unfit
from control_plane.releases.queries import active_kill
from control_plane.releases.routes import desired_routes, route_with
from control_plane.snapshot import once


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How many distinct subjects decisions record on the candidate in one step of a release."""

    release: str
    step: int
    subjects: int | None


@dataclass(frozen=True, kw_only=True)
class Move:
    """Where a verb would take a release: its state, and its weight in buckets."""

    verb: Verb
    to: State
    buckets: int


def obstacles(
    session: ReadSession, row: ReleaseRow, move: Move, seen: Seen | None = None
) -> list[str]:
    """Everything that forbids the move now; empty when nothing does."""
    rule = lifecycle.RULES[move.verb]
    if not rule.needs_approval:
        return []
    frozen = why_frozen(session, row) if rule.waits_for_thaw else []
    return not_forward(session, row) + not_onward(session, row, move, seen) + frozen


def not_forward(session: ReadSession, row: ReleaseRow) -> list[str]:
    """Why the release may not carry traffic forward right now, whatever its step."""
    return [*once(session, ("not forward", row.id), lambda: _not_forward(session, row))]


def _not_forward(session: ReadSession, row: ReleaseRow) -> list[str]:
    reasons = []
    if plan_of(row).digest != row.content_digest:
        reasons.append(f"release {row.id} does not match its content digest")
    if not live_approvers(session, row):
        reasons.append("nobody but its contributors has approved the present content")
    reasons += why_broken(session, row)
    reasons += why_unfit(session, get_version(session, row.candidate))
    stable = history.stable_of(session, row.model)
    if row.state != State.PROMOTED and stable != row.stable:
        reasons.append(f"it was approved on top of {row.stable}, and {stable} is stable now")
    kill = active_kill(session, row.model)
    if kill is not None:
        reasons.append(f"{row.model} is killed to {kill.version}; clear the kill first")
    followed = why_followed(session, row.model)
    if followed:
        reasons.append(followed)
    return reasons + [finding.sentence() for finding in lint_of(session, row)]


def lint_of(session: ReadSession, row: ReleaseRow) -> tuple[Finding, ...]:
    """What keeps the rule of this release from being published beside all other routes."""
    desired = once(session, "desired routes", lambda: desired_routes(session))
    routes = [route for route in desired if route.model != row.model]
    features = compile_features((*routes, route_with(row)))
    return check_model(session, row.model, features)


def not_onward(session: ReadSession, row: ReleaseRow, move: Move, seen: Seen | None) -> list[str]:
    """Why the canary may not leave its step upwards yet."""
    promotes = move.to is State.PROMOTED
    if not row.steps or not (promotes or move.buckets > row.buckets):
        return []
    to = None if promotes else move.buckets
    return steps.why_closed(steps_of(row), progress(session, row, seen), to)


def progress(session: ReadSession, row: ReleaseRow, seen: Seen | None) -> steps.Progress:
    """What is known of the present step; ``seen`` counts only if it is about this very step."""
    fits = seen is not None and (seen.release, seen.step) == (row.id, row.step)
    return steps.Progress(
        buckets=row.buckets,
        seconds=clock.seconds_since(row.step_since or row.updated_at),
        subjects=seen.subjects if seen is not None and fits else None,
        gate_opened=row.gate_opened_by in approvals.judges(session, row.id),
    )
