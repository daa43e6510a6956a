"""What releases ask of the recorded decisions. Who keeps decisions answers it; nobody else can.

A subject counts as exposed when a decision *assigned* them the candidate, whatever answered in
the end (intention to treat, contract §5). Decisions arrive with the shipper's delay, so a count
is never ahead of the truth; ``None`` means that nobody can count, and is never taken for 0.
"""

from collections.abc import Mapping
from typing import Protocol

from control_plane.db import Database
from control_plane.releases import lifecycle
from control_plane.releases.content import steps_of
from control_plane.releases.interlock import Seen
from control_plane.releases.lifecycle import Verb
from control_plane.releases.models import ReleaseRow
from control_plane.releases.steps import present_step


class Exposures(Protocol):
    """Counts over the decisions of one release."""

    def in_step(self, release: str, step: int, version: str) -> int | None:
        """Distinct subjects assigned to the version in this step of the release."""

    def by_bucket(self, release: str, since: str) -> Mapping[int, int] | None:
        """Bucket (0…9999) → distinct subjects seen in it since a time, for this release."""


class NoExposures:
    """Where no decisions are kept: nobody can count."""

    def in_step(self, release: str, step: int, version: str) -> int | None:
        """Nobody knows."""
        del release, step, version
        return None

    def by_bucket(self, release: str, since: str) -> Mapping[int, int] | None:
        """Nobody knows."""
        del release, since
        return None


def look(database: Database, exposures: Exposures, release_id: str, verb: Verb) -> Seen | None:
    """Count the present step's subjects if the verb will be asked for them.

    Before the write begins: counting takes longer than anybody should hold the lock. Should the
    step have changed by then, the count is about another step and worth nothing.
    """
    if not lifecycle.RULES[verb].needs_approval:
        return None
    with database.read() as session:
        row = session.get(ReleaseRow, release_id)
        if row is None:
            return None
        step = present_step(steps_of(row), row.buckets)
    if step is None or not step.minimum_sample:
        return None
    subjects = exposures.in_step(row.id, row.step, row.candidate)
    return Seen(release=row.id, step=row.step, subjects=subjects)
