"""Puts the evidence for one decision together; ``offline/`` verifies it with two public keys."""

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from sqlmodel import col, or_, select

from bentos.contract import canonical
from bentos.contract.documents import DocumentHeader, Revision
from bentos.contract.redaction import MEMBER as REDACTED
from bentos.contract.redaction import segment_entity
from bentos.contract.register import Action, Outcome
from bentos.decision_lake.columns import from_row
from bentos.decision_lake.parts import PERSONAL
from control_plane.audit import proofs
from control_plane.audit.checkpointer import Checkpointer
from control_plane.audit.models import EventRow, SegmentRow
from control_plane.audit.offline.notes import Policy
from control_plane.db import Database, ReadSession
from control_plane.decisions.engine import Row
from control_plane.decisions.offline.documents import DocumentKeys
from control_plane.decisions.offline.evidence import (
    ERASED,
    FORMAT,
    INCLUDED,
    WITHHELD,
    check_evidence,
)
from control_plane.decisions.segment_leaves import inclusion, leaf_text, rows_of
from control_plane.decisions.segment_of import segment_of
from control_plane.decisions.store import DecisionStore
from control_plane.errors import ConflictError, NotFoundError
from control_plane.publish.models import BodyRow, PublishedRow
from control_plane.registry.models import PromotionRow
from control_plane.registry.service import get_version


@dataclass
class Parts:
    """What is gathered: texts as they were hashed, and the events (by number) that prove them."""

    decision: dict[str, Any]
    path: list[bytes]
    personal_state: str
    personal: str | None
    documents: list[dict[str, str]]
    manifests: list[str]
    events: list[int]


def make_evidence(
    store: DecisionStore,
    database: Database,
    checkpointer: Checkpointer,
    row: Row,
    keys: tuple[Policy, DocumentKeys],
    *,
    personal: bool,
) -> str:
    """One JSON file. Its summary is what the verifier itself derived from the rest.

    Raises ConflictError where the segment is not registered or the lake does not fit it, and
    NotFoundError where a document of its revision is not in the archive.
    """
    with database.read() as session:
        parts = _gather(session, store, row, personal=personal)
    checkpoint = checkpointer.covering(max(parts.events))
    with database.read() as session:
        texts = [proofs.proof_file(session, seq, checkpoint) for seq in sorted(parts.events)]
    bundle: dict[str, Any] = {
        "format": FORMAT,
        "decision": leaf_text(parts.decision).decode(),
        "path": [base64.b64encode(each).decode() for each in parts.path],
        "personal_state": parts.personal_state,
        "personal": parts.personal,
        "documents": parts.documents,
        "manifests": parts.manifests,
        # Under the log's own signature alone: witnesses' are had from the register.
        "events": [_under(text, checkpoint.note) for text in texts],
        "summary": {},
    }
    bundle["summary"] = check_evidence(json.dumps(bundle), *keys, compare=False).summary
    return json.dumps(bundle, indent=2, ensure_ascii=False)


def _under(proof: str, note: str) -> str:
    return proof.partition("\n\n")[0] + "\n\n" + note


def _gather(session: ReadSession, store: DecisionStore, row: Row, *, personal: bool) -> Parts:
    segment = _segment(session, row)
    rows = rows_of(store.lake, segment, datetime.fromisoformat(row["at"]).date())
    path = inclusion(rows, segment, row["seq"])
    decision = next(each for each in rows if each["seq"] == row["seq"])
    entity = segment_entity(segment.gateway, segment.boot, segment.first_seq)
    events = [_event(session, Action.SEGMENT_REGISTER, entity)]
    state, text = _personal(store, row, personal=personal)
    if text is None and state == ERASED:
        events.append(_redaction(session, entity, row["decision_id"]))
    document, published = _document(session, decision)
    events.append(published)
    manifests = []
    for version in sorted({decision["assigned_version"], decision["served_version"]} - {None}):
        manifests.append(canonical.canonical_json(get_version(session, version).manifest).decode())
        events.append(_event(session, Action.VERSION_REGISTER, f"version:{version}"))
    events += _release(session, decision, published)
    return Parts(decision, path, state, text, [document], manifests, events)


def _segment(session: ReadSession, row: Row) -> SegmentRow:
    segment = segment_of(session, row)
    if segment is None:
        raise ConflictError(
            f"the segment of decision {row['decision_id']} is not registered yet: ask again soon"
        )
    return segment


def _personal(store: DecisionStore, row: Row, *, personal: bool) -> tuple[str, str | None]:
    found = store.personal(row)
    if found is None:
        return ERASED, None
    if not personal:
        return WITHHELD, None
    members = from_row({name: found[name] for name in PERSONAL.names}, PERSONAL)
    kept = {name: value for name, value in members.items() if name not in ("decision_id", "seq")}
    return INCLUDED, canonical.canonical_json(kept).decode()


def _document(session: ReadSession, decision: dict[str, Any]) -> tuple[dict[str, str], int]:
    """The document of the decision's revision, and the event of its publication."""
    revision = Revision(*decision["revision"])
    row = session.get(PublishedRow, (revision.epoch, revision.number))
    body = None if row is None else session.get(BodyRow, row.digest)
    if row is None or body is None:
        raise NotFoundError(f"no document of revision {revision} is in the archive")
    header = canonical.as_builtins(msgspec.convert(row.header, DocumentHeader))
    signature = header.pop("signature")
    text = {
        "header": canonical.canonical_json(header).decode(),
        "signature": signature,
        "body": body.body.decode(),
    }
    entity = f"document:{row.name}"
    return text, _event(session, Action.DOCUMENT_PUBLISH, entity, revision.number, str(revision))


def _release(session: ReadSession, decision: dict[str, Any], published: int) -> list[int]:
    """Every change of the release the route came from, until its document was published."""
    release = decision["release_id"]
    if release is None and decision["variant"] != "pinned":
        query = select(PromotionRow.release).where(
            col(PromotionRow.version) == decision["assigned_version"],
            col(PromotionRow.at) <= (at := _published_at(session, published)),
            or_(col(PromotionRow.undone_at).is_(None), col(PromotionRow.undone_at) > at),
        )
        release = session.exec(query.order_by(col(PromotionRow.seq).desc()).limit(1)).first()
    if release is None:
        return []
    changes = select(EventRow.seq).where(
        col(EventRow.entity) == f"release:{release}",
        col(EventRow.outcome) == Outcome.ALLOWED.value,
        col(EventRow.seq) < published,
    )
    return list(session.exec(changes.order_by(col(EventRow.seq))))


def _published_at(session: ReadSession, seq: int) -> str:
    return session.exec(select(EventRow.at).where(col(EventRow.seq) == seq)).one()


def _redaction(session: ReadSession, entity: str, decision_id: str) -> int:
    query = select(EventRow.seq, EventRow.diff).where(
        col(EventRow.entity) == entity, col(EventRow.action) == Action.DECISION_REDACT.value
    )
    for seq, diff in session.exec(query):
        if decision_id in diff.get(REDACTED, ()):
            return seq
    raise ConflictError(
        f"the personal part of {decision_id} is gone and no redaction names it; "
        "signalbox decisions verify says what else is missing"
    )


def _event(
    session: ReadSession,
    action: Action,
    entity: str,
    number: int | None = None,
    revision: str | None = None,
) -> int:
    """The number of the one allowed event that says this; raises ConflictError without one."""
    query = select(EventRow.seq, EventRow.diff).where(
        col(EventRow.action) == action.value,
        col(EventRow.entity) == entity,
        col(EventRow.outcome) == Outcome.ALLOWED.value,
    )
    if number is not None:
        query = query.where(col(EventRow.entity_revision) == number)
    for seq, diff in session.exec(query):
        if revision is None or diff.get("revision", [None, None])[1] == revision:
            return seq
    raise ConflictError(f"the register has no {action.value} of {entity}")
