"""What routes the tables ask for: one per model with a stable version (contract §4)."""

from collections import defaultdict

from sqlmodel import col, select

from bentos.contract.route import CanaryRule, Route
from control_plane.db import ReadSession
from control_plane.follow.queries import followed_features
from control_plane.publish.features import versions_in
from control_plane.registry.history import previous_of, stable_of, stable_versions
from control_plane.registry.service import list_models
from control_plane.releases.lifecycle import STARTED, State
from control_plane.releases.models import ReleaseRow
from control_plane.releases.queries import open_release, open_releases

_ON_CANARY_RULE = frozenset({State.CANARY, State.PAUSED})
_WARMED_UP = STARTED | {State.SCHEDULED}


def desired_routes(session: ReadSession) -> tuple[Route, ...]:
    """Every model's route, by model."""
    releases = open_releases(session)
    stable = sorted(stable_versions(session).items())
    return tuple(_route(model, version, releases.get(model)) for model, version in stable)


def route_with(row: ReleaseRow) -> Route:
    """The route of a release's model with all that its plan can put into it: the canary's rule."""
    return Route(model=row.model, stable=row.stable or row.candidate, canary=_rule(row))


def wanted_versions(session: ReadSession) -> set[str]:
    """Versions that must run for routes, for a rollback, or for a release about to start."""
    wanted: set[str] = set()
    for model in list_models(session):
        release = open_release(session, model.name)
        if release is not None and State(release.state) in _WARMED_UP:
            wanted.add(release.candidate)
        stable, previous = stable_of(session, model.name), previous_of(session, model.name)
        wanted.update(version for version in (stable, previous) if version is not None)
    for feature in followed_features(session).values():
        wanted |= versions_in(feature)
    return wanted


def mirrored_versions(session: ReadSession) -> set[str]:
    """Candidates that only shadow: no caller gets their answers yet."""
    releases = (open_release(session, model.name) for model in list_models(session))
    return {r.candidate for r in releases if r is not None and State(r.state) is State.SHADOW}


def moving_together(session: ReadSession) -> list[dict[str, str]]:
    """Model → candidate of each group whose members are on their way, or arrived."""
    arrived = [state.value for state in STARTED | {State.PROMOTED}]
    query = select(ReleaseRow).where(
        col(ReleaseRow.group_id).is_not(None), col(ReleaseRow.state).in_(arrived)
    )
    groups: dict[str, dict[str, str]] = defaultdict(dict)
    for row in session.exec(query.order_by(col(ReleaseRow.created_at))):
        groups[str(row.group_id)][row.model] = row.candidate
    return list(groups.values())


def named_versions(route: Route) -> set[str]:
    """Every version a route names."""
    named = {route.stable, *route.shadow}
    if route.canary is not None:
        named.add(route.canary.candidate)
    return named


def _route(model: str, stable: str, release: ReleaseRow | None) -> Route:
    if release is None or State(release.state) not in STARTED:
        return Route(model=model, stable=stable)
    state = State(release.state)
    if state is State.SHADOW:
        return Route(model=model, stable=stable, shadow=(release.candidate,))
    # Paused before it was ever exposed: there is no step to keep, so nothing is emitted.
    exposed = state in _ON_CANARY_RULE and release.step > 0
    return Route(model=model, stable=stable, canary=_rule(release) if exposed else None)


def _rule(release: ReleaseRow) -> CanaryRule:
    return CanaryRule(
        release_id=release.id,
        step=release.step,
        candidate=release.candidate,
        buckets=release.buckets,
        condition=release.condition,
    )
