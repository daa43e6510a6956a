"""What releases ask: how many were exposed, to which arm, and in which buckets they are.

An exposure is a decision with a subject; whoever was erased since is no longer counted among the
subjects, their decisions still are.
"""

from typing import Any

from bentos.decision_lake.parts import Part
from control_plane.decisions.criteria import Criteria
from control_plane.decisions.engine import Row
from control_plane.decisions.store import DecisionStore

_ARMS = """
SELECT model, release_id, step, variant, assigned_version,
       count(*) AS decisions, count(DISTINCT subject) AS subjects,
       min("at") AS first_at, max("at") AS last_at
FROM (SELECT * FROM {{files}} WHERE {condition})
LEFT JOIN (SELECT decision_id, subject FROM {{personal}}) USING (decision_id)
GROUP BY ALL ORDER BY model, release_id, step, variant, assigned_version
"""
_BUCKETS = """
SELECT bucket, count(DISTINCT subject) AS subjects
FROM (SELECT decision_id, bucket FROM {{files}} WHERE {condition} AND bucket IS NOT NULL)
JOIN (SELECT decision_id, subject FROM {{personal}} WHERE subject IS NOT NULL) USING (decision_id)
GROUP BY bucket ORDER BY bucket
"""


def exposures(store: DecisionStore, criteria: Criteria) -> list[Row]:
    """Decisions and distinct subjects by model, release, step and arm (of the assigned version)."""
    return _counted(store, criteria, _ARMS)


def buckets(store: DecisionStore, criteria: Criteria) -> dict[int, int]:
    """Bucket (0…9999) → distinct subjects seen in it; of one release, whose key makes buckets."""
    return {row["bucket"]: row["subjects"] for row in _counted(store, criteria, _BUCKETS)}


def _counted(store: DecisionStore, criteria: Criteria, sql: str) -> list[dict[str, Any]]:
    condition, values = criteria.condition()
    public, personal = store.paths(criteria, Part.PUBLIC), store.paths(criteria, Part.PERSONAL)
    if not personal:
        return []
    return store.rows.select(sql.format(condition=condition), public, values, personal=personal)
