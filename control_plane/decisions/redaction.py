"""Takes a person's rows out of one file of the lake: the event first, then the file.

Killed between the two, the event names what is still there, which harms nobody, and the next
attempt finds the rows again. The other way round, rows would be missing that no event names.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlmodel import col, select

from bentos.contract.identity import PSEUDONYM_LENGTH
from bentos.contract.redaction import (
    MAX_DECISIONS,
    MEMBER,
    redaction_details,
    segment_entity,
)
from bentos.contract.register import Action
from bentos.decision_lake.files import Lake
from bentos.decision_lake.parts import moment_of
from control_plane import clock
from control_plane.audit.models import EventRow
from control_plane.audit.service import Change, record
from control_plane.db import Database, ReadSession
from control_plane.decisions.models import ErasureRow
from control_plane.decisions.segment_of import segment_of
from control_plane.decisions.store import public_path
from control_plane.decisions.subject import subject_digest
from control_plane.principal import Principal

Ids = set[str]
_PSEUDONYM = re.compile(f"[A-Z2-7]{{{PSEUDONYM_LENGTH}}}")


@dataclass(frozen=True)
class Outcome:
    """``erased``: rows taken out. ``waiting``: of segments the register does not have yet."""

    erased: int = 0
    waiting: int = 0


class Redaction:
    """Of the subjects of some erasures, file by file. ``renew`` is called before each change."""

    def __init__(
        self, lake: Lake, database: Database, principal: Principal, renew: Callable[[], None]
    ) -> None:
        self._lake = lake
        self._database = database
        self._principal = principal
        self._renew = renew

    def file(self, path: str, erasures: list[ErasureRow]) -> Outcome:
        """One personal file, and the shadow outcomes of the same decisions."""
        names = self._lake.read(path, ["decision_id", "subject", "entities"])
        found = _matching(names, erasures) | self._of_shops(path, erasures)
        if not found:
            return Outcome()
        segments = self._segments(public_path(path), set(found))
        for entity, ids in segments.items():
            self._record(entity, {each: found[each] for each in ids})
        named = {each for ids in segments.values() for each in ids}
        if named:
            self._renew()
            self._lake.replace(path, without(self._lake.read(path), named))
        return Outcome(len(named), len(found) - len(named))

    def shadows(self, path: str, ids: Ids) -> int:
        """Outcomes of these decisions in a shadow file; how many went."""
        table = self._lake.read(path)
        kept = without(table, ids)
        if kept.num_rows < table.num_rows:
            self._renew()
            self._lake.replace(path, kept)
        return int(table.num_rows - kept.num_rows)

    def _of_shops(self, path: str, erasures: list[ErasureRow]) -> dict[str, str]:
        """Decisions of shops that go whole, as far as their personal part is there."""
        shops = {row.shop: row for row in erasures if row.shop is not None}
        if not shops:
            return {}
        public = self._lake.read(public_path(path), ["decision_id", "shop"])
        theirs = public.filter(pc.is_in(public["shop"], pa.array(sorted(shops))))
        here = set(self._lake.read(path, ["decision_id"])["decision_id"].to_pylist())
        return {
            row["decision_id"]: shops[row["shop"]].id
            for row in theirs.to_pylist()
            if row["decision_id"] in here
            and _made_before(row["decision_id"], shops[row["shop"]].requested_at)
        }

    def _segments(self, public: str, ids: Ids) -> dict[str, Ids]:
        """Registered segment → those of the decisions that lie in it."""
        table = self._lake.read(public, ["decision_id", "gateway", "boot", "seq"])
        rows = table.filter(pc.is_in(table["decision_id"], pa.array(sorted(ids)))).to_pylist()
        found: dict[str, Ids] = defaultdict(set)
        with self._database.read() as session:
            for row in rows:
                entity = _entity(session, row)
                if entity is not None:
                    found[entity].add(row["decision_id"])
        return found

    def _record(self, entity: str, ids: dict[str, str]) -> None:
        """Events for those that none names yet; each erasure's own."""
        with self._database.write() as session:
            known = _named(session, entity)
            by_erasure: dict[str, list[str]] = defaultdict(list)
            for decision_id, erasure in sorted(ids.items()):
                if decision_id not in known:
                    by_erasure[erasure].append(decision_id)
            for erasure, some in by_erasure.items():
                for start in range(0, len(some), MAX_DECISIONS):
                    change = Change(
                        action=Action.DECISION_REDACT,
                        entity=entity,
                        reason=f"erasure {erasure}",
                        details=redaction_details(some[start : start + MAX_DECISIONS]),
                    )
                    record(session, self._principal, change)


def without(table: Any, ids: Ids) -> Any:
    """The table without the rows of these decisions; its schema, marks included, stays."""
    return table.filter(
        pc.invert(pc.is_in(table["decision_id"], pa.array(sorted(ids), pa.string())))
    )


def redacted_of(session: ReadSession, erasure: str) -> Ids:
    """All decisions an erasure has named."""
    query = select(EventRow.diff).where(
        col(EventRow.action) == Action.DECISION_REDACT.value,
        col(EventRow.reason) == f"erasure {erasure}",
    )
    return {each for diff in session.exec(query) for each in diff[MEMBER]}


def _matching(table: Any, erasures: list[ErasureRow]) -> dict[str, str]:
    """Decision id → the erasure that covers it: its subject, or an entity its rows are about."""
    wanted = {digest: row for row in erasures for digest in row.subject_digests}
    names = {
        name: wanted[digest] for name in _names(table) if (digest := subject_digest(name)) in wanted
    }
    if not names:
        return {}
    found = {}
    for name, row in names.items():
        is_it = pc.or_(
            pc.fill_null(pc.equal(table["subject"], name), False),
            pc.match_substring(table["entities"], name),
        )
        for decision_id in table.filter(is_it)["decision_id"].to_pylist():
            if _made_before(decision_id, row.requested_at):
                found[decision_id] = row.id
    return found


def _names(table: Any) -> Ids:
    """Every pseudonym in the table: of subjects, and of the entities' JSON texts."""
    names = {name for name in pc.unique(table["subject"]).to_pylist() if name}
    for text in pc.unique(table["entities"]).to_pylist():
        if text and text != "{}":
            names.update(_PSEUDONYM.findall(text))
    return names


def _made_before(decision_id: str, requested_at: str) -> bool:
    moment = moment_of(decision_id)
    return moment is None or clock.to_text(moment) <= requested_at


def _entity(session: ReadSession, row: dict[str, Any]) -> str | None:
    segment = segment_of(session, row)
    if segment is None:
        return None
    return segment_entity(segment.gateway, segment.boot, segment.first_seq)


def _named(session: ReadSession, entity: str) -> Ids:
    query = select(EventRow.diff).where(
        col(EventRow.action) == Action.DECISION_REDACT.value, col(EventRow.entity) == entity
    )
    return {each for diff in session.exec(query) for each in diff.get(MEMBER, ())}
