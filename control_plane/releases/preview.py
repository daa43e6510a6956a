"""A dry run: what a verb would do to the routes and to whom, without doing it.

The verb is carried out for real, by the code that would do it, in a transaction that is undone.
It is carried out even where something stands against it today, which is said beside it: so a
step can be looked at before it is open.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bentos.contract.route import BUCKETS, Route, compile_features
from control_plane import clock
from control_plane.db import Database, WriteSession
from control_plane.errors import ControlPlaneError
from control_plane.lint.publication import lint_features
from control_plane.principal import Principal
from control_plane.publish.archive import load_served
from control_plane.publish.desired import compile_desired
from control_plane.releases import interlock, lifecycle, service
from control_plane.releases.asking import check_asker
from control_plane.releases.exposures import Exposures, look
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import State, Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.movement import who_moves
from control_plane.releases.order import Order
from control_plane.releases.queries import active_kill, get_release
from control_plane.releases.routes import desired_routes

RECENT_S = 24 * 3600
"""Subjects seen within this time are counted."""


@dataclass
class Evidence:
    """What decisions say, read before the lock is taken. Release → …"""

    since: str = field(default_factory=lambda: clock.later(-RECENT_S))
    steps: dict[str, Seen] = field(default_factory=dict)
    buckets: dict[str, Mapping[int, int] | None] = field(default_factory=dict)


def gather(
    database: Database, exposures: Exposures, releases: Sequence[str], verb: Verb
) -> Evidence:
    """Count what the preview will need."""
    found = Evidence()
    for release in releases:
        step = look(database, exposures, release, verb)
        if step is not None:
            found.steps[release] = step
        found.buckets[release] = exposures.by_bucket(release, found.since)
    return found


def preview(
    database: Database,
    principal: Principal,
    releases: Sequence[str],
    verb: Verb,
    order: Order,
    evidence: Evidence,
) -> dict[str, Any]:
    """What the verb would do to these releases at once; nothing is written.

    Raises NotFoundError for a release that does not exist.
    """
    with database.write() as session:
        rows = [get_release(session, release) for release in releases]
        shown = _Trial(session, principal, verb, order, evidence).run(rows)
        session.rollback()
    return shown


class _Trial:
    """One dry run; leaves its session changed."""

    def __init__(
        self,
        session: WriteSession,
        principal: Principal,
        verb: Verb,
        order: Order,
        evidence: Evidence,
    ) -> None:
        self._session = session
        self._principal = principal
        self._verb = verb
        self._order = order
        self._evidence = evidence
        self._against: list[str] = []
        self._before = self._routes()

    def run(self, rows: list[ReleaseRow]) -> dict[str, Any]:
        """Try, compare, tell."""
        froms = {row.id: (row.state, row.buckets) for row in rows}
        tried = [self._try(row, alone=len(rows) == 1) for row in rows]
        possible = all(tried)
        after = self._routes() if possible else self._before
        held = compile_desired(self._session, load_served(self._session)).held if possible else {}
        return {
            "verb": self._verb.value,
            "allowed": not self._against,
            "against": self._against,
            "releases": [self._show(row, *froms[row.id]) for row in rows] if possible else [],
            "routes": _difference(self._before, after),
            "lint": self._lint(),
            "waiting_for": {row.model: sorted(held.get(row.model, ())) for row in rows},
            "since": self._evidence.since,
            "who_moves": {row.model: self._moves(row, after) for row in rows if possible},
        }

    def _try(self, row: ReleaseRow, *, alone: bool) -> bool:
        """Carry the verb out; False if there is nothing that could be carried out."""
        name = "" if alone else f"{row.model}: "
        verb = lifecycle.meant(self._verb, row.buckets / BUCKETS, self._order.weight)
        try:
            if alone:
                service.check_alone(row, self._verb, self._order)
            # Of what is looked at now, so the revision is no question.
            check_asker(self._session, self._principal, row, verb, row.revision)
        except ControlPlaneError as error:
            self._against.append(f"{name}{error.detail}")
        try:
            move = service.foresee(row, verb, self._order)
            seen = self._evidence.steps.get(row.id)
            reasons = interlock.obstacles(self._session, row, move, seen)
            self._against += [f"{name}{reason}" for reason in reasons]
            service.carry_out(self._session, self._principal, row, move, self._order)
        except ControlPlaneError as error:
            detail = f"{name}{error.detail}"
            if detail not in self._against:
                self._against.append(detail)
            return False
        return True

    def _lint(self) -> list[dict[str, Any]]:
        """Of the routes as they would be; errors stand in ``against``, too."""
        features = compile_features(tuple(self._routes().values()))
        return [each.as_json() for each in lint_features(self._session, features)]

    def _show(self, row: ReleaseRow, state: str, buckets: int) -> dict[str, Any]:
        return {
            "release": row.id,
            "model": row.model,
            "state": [state, row.state],
            "weight": [buckets / BUCKETS, row.buckets / BUCKETS],
        }

    def _moves(self, row: ReleaseRow, after: dict[str, Route]) -> dict[str, Any]:
        before = self._before.get(row.model)
        buckets = self._evidence.buckets.get(row.id)
        return who_moves(before, after.get(row.model), buckets) | {"notes": self._notes(row)}

    def _notes(self, row: ReleaseRow) -> list[str]:
        notes = []
        kill = active_kill(self._session, row.model)
        if kill is not None:
            notes.append(f"while the kill stands, all traffic gets {kill.version}")
        if row.condition is not None:
            notes.append("of callers whom the release's condition lets in")
        if State(row.state) is State.PROMOTED or row.condition is not None:
            notes.append(
                "callers without a targeting key or outside the condition are in no bucket"
            )
        return notes

    def _routes(self) -> dict[str, Route]:
        return {route.model: route for route in desired_routes(self._session)}


def _difference(before: dict[str, Route], after: dict[str, Route]) -> dict[str, dict[str, Any]]:
    """``{feature: {before, after}}`` of the routes document, of every feature that differs.

    As it will be once everything is ready; ``waiting_for`` says what is not.
    """
    old = compile_features(tuple(before.values()))
    new = compile_features(tuple(after.values()))
    return {
        key: {"before": old.get(key), "after": new.get(key)}
        for key in sorted(old.keys() | new.keys())
        if old.get(key) != new.get(key)
    }
