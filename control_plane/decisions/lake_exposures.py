"""Answers what releases ask (``releases/exposures.py``), from the lake."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import structlog

from bentos.contract.manifest import model_of
from bentos.decision_lake.parts import moment_of
from control_plane.decisions import counts
from control_plane.decisions.criteria import Criteria, make_criteria
from control_plane.decisions.store import DecisionStore
from control_plane.errors import BusyError, TooBroadError

log = structlog.get_logger(__name__)


class LakeExposures:
    """None where counting takes too long: it is never taken for nobody."""

    def __init__(self, store: DecisionStore) -> None:
        self._store = store

    def in_step(self, release: str, step: int, version: str) -> int | None:
        """Distinct subjects assigned to the version in this step of the release."""
        # A release's id says when it was made; no decision can name it before that.
        made = moment_of(release) or datetime.now(UTC) - timedelta(days=30)
        criteria = Criteria(
            since=made,
            until=datetime.now(UTC) + timedelta(minutes=1),
            model=model_of(version),
            release=release,
            step=step,
        )
        try:
            arms = counts.exposures(self._store, criteria)
        except (TooBroadError, BusyError) as error:
            log.warning("exposures_not_counted", release=release, error=error.detail)
            return None
        return sum(int(arm["subjects"]) for arm in arms if arm["assigned_version"] == version)

    def by_bucket(self, release: str, since: str) -> Mapping[int, int] | None:
        """Bucket (0…9999) → distinct subjects seen in it since a time, for this release."""
        try:
            return counts.buckets(self._store, make_criteria(release=release, since=since))
        except (TooBroadError, BusyError) as error:
            log.warning("buckets_not_counted", release=release, error=error.detail)
            return None
