"""Finds decisions in the lake, by id, by whom they are about, and by everything public.

Decisions that no shipper has brought yet are not here: the control plane never reads a gateway's
segments. Partitions are pruned by day and model before a file is opened.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from bentos.contract.errors import ContractError
from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import Part, moment_of
from control_plane.decisions.criteria import Criteria
from control_plane.decisions.engine import Engine, Row
from control_plane.decisions.rows import Hit, Rows

MAX_SUBJECT_DECISIONS = 10_000
MAX_DAYS_AT_ONCE = 16
# An id and its decision's ``at`` are taken a moment apart, so midnight may lie between them.
APART = timedelta(minutes=5)


@dataclass(frozen=True)
class Page:
    """Public parts, newest first. ``following``: the cursor of the next page, None at the end."""

    rows: list[Row] = field(default_factory=list)
    following: str | None = None


class DecisionStore:
    """Read-only; used from many threads."""

    def __init__(self, lake: Lake, engine: Engine) -> None:
        self.lake = lake
        self.rows = Rows(lake, engine)
        self._engine = engine

    def close(self) -> None:
        """Give the engine's memory back."""
        self._engine.close()

    def find(self, decision_id: str) -> Row | None:
        """The public part of one decision with the ``filename`` it lies in, or None.

        Raises ContractError for what is no decision's id.
        """
        moment = moment_of(decision_id)
        if moment is None:
            raise ContractError("decision_id", "a UUIDv7", decision_id)
        condition = "decision_id = $id AND time BETWEEN $since AND $until"
        values = {"id": decision_id, "since": moment - APART, "until": moment + APART}
        paths = [
            path
            for day in sorted({(moment - APART).date(), (moment + APART).date()})
            for path in self.lake.files(Part.PUBLIC, day.isoformat())
        ]
        found = self.rows.whole(self.rows.hits(paths, condition, values, 1))
        return found[0] if found else None

    def page(self, criteria: Criteria, *, limit: int, before: str | None = None) -> Page:
        """At most ``limit`` decisions older than the cursor ``before`` (a decision id)."""
        if criteria.subjects:
            return self._of_subjects(criteria, limit, before)
        condition, values = criteria.condition()
        if before is not None:
            condition, values = (
                f"{condition} AND decision_id < $before",
                values | {"before": before},
            )
        found: list[Hit] = []
        for paths in self._newest_first(criteria, before):
            found += self.rows.hits(paths, condition, values, limit + 1 - len(found))
            if len(found) > limit:
                break
        return _page(self.rows.whole(found), limit)

    def personal(self, row: Row) -> Row | None:
        """The personal part that belongs to a public one, with its file's name; None if erased."""
        path = personal_path(row["filename"])
        if not self.lake.exists(path):
            return None
        return self.rows.by_ids([path], [row["decision_id"]]).get(row["decision_id"])

    def shadows(self, decision_id: str, model: str) -> list[Row]:
        """What shadow versions answered to it."""
        moment = moment_of(decision_id)
        if moment is None:
            return []
        paths = self.lake.files(Part.SHADOW, moment.date().isoformat(), model)
        return self.rows.select(
            "SELECT * FROM {files} WHERE decision_id = $id ORDER BY version",
            paths,
            {"id": decision_id},
        )

    def paths(self, criteria: Criteria, part: Part) -> list[str]:
        """All files of the days and the model that are asked for."""
        return [
            path
            for day in self._days(criteria, part)
            for path in self.lake.files(part, day, criteria.model)
        ]

    def subject_hits(
        self, criteria: Criteria, before: str | None = None, limit: int = MAX_SUBJECT_DECISIONS
    ) -> list[Hit]:
        """Where personal parts of these subjects lie, newest first."""
        paths = self.paths(criteria, Part.PERSONAL)
        condition, cursor = "subject = $subject", {}
        if before is not None:
            condition, cursor = f"{condition} AND decision_id < $before", {"before": before}
        # One after the other: only a comparison with one value skips row groups.
        found = [
            hit
            for subject in criteria.subjects
            for hit in self.rows.hits(paths, condition, {"subject": subject} | cursor, limit)
        ]
        return sorted(found, key=lambda hit: hit.decision_id, reverse=True)[:limit]

    def _of_subjects(self, criteria: Criteria, limit: int, before: str | None) -> Page:
        """Ids from the personal parts, then their public parts from the files beside them."""
        hits = [
            Hit(hit.decision_id, public_path(hit.path), hit.number)
            for hit in self.subject_hits(criteria, before)
        ]
        found: list[Row] = []
        for start in range(0, len(hits), limit + 1):
            rows = self.rows.whole(hits[start : start + limit + 1])
            found += [row for row in rows if criteria.holds(row)]
            if len(found) > limit:
                break
        return _page(found, limit)

    def _newest_first(self, criteria: Criteria, before: str | None) -> Iterator[list[str]]:
        """Files of ever more days at a time: what is asked for mostly lies in the newest."""
        days = list(reversed(self._days(criteria, Part.PUBLIC)))
        moment = None if before is None else moment_of(before)
        if moment is not None:
            newest = (moment + APART).date().isoformat()
            days = [day for day in days if day <= newest]
        count = 1
        while days:
            yield [
                path
                for day in days[:count]
                for path in self.lake.files(Part.PUBLIC, day, criteria.model)
            ]
            days, count = days[count:], min(2 * count, MAX_DAYS_AT_ONCE)

    def _days(self, criteria: Criteria, part: Part) -> list[str]:
        first, last = map(date.isoformat, criteria.days)
        return [day for day in self.lake.days(part) if first <= day <= last]


def personal_path(public: str) -> str:
    """The file of the personal parts of a public file's decisions."""
    return _other(public, Part.PUBLIC, Part.PERSONAL)


def public_path(personal: str) -> str:
    """The file of the public parts of a personal file's decisions."""
    return _other(personal, Part.PERSONAL, Part.PUBLIC)


def _page(rows: list[Row], limit: int) -> Page:
    unique = list({row["decision_id"]: row for row in rows}.values())
    taken = unique[:limit]
    return Page(taken, taken[-1]["decision_id"] if len(unique) > limit else None)


def _other(path: str, here: Part, there: Part) -> str:
    root, _, rest = path.rpartition(f"/{here}/day=")
    return f"{root}/{there}/day={rest}"
