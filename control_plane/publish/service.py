"""One pass of the level-triggered publisher: make what is served equal what is desired.

A pass reads the tables and nothing else, so a crash at any point heals on the next one.
Revision, archive entry and register event commit together.
"""

import hashlib

from sqlmodel import col, select

from bentos.contract.documents import (
    DocumentHeader,
    DocumentName,
    Revision,
    RoutesBody,
    encode_body,
)
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import Database, ReadSession, WriteSession
from control_plane.principal import system
from control_plane.publish import archive, features
from control_plane.publish.desired import compile_desired
from control_plane.publish.signing import Signer
from control_plane.releases import kills
from control_plane.releases.lifecycle import State
from control_plane.releases.models import ReleaseRow
from control_plane.releases.service import start_due


def reconcile(database: Database, signer: Signer) -> bool:
    """Publish what differs; True if anything was. Takes the write lock only when needed."""
    with database.read() as session:
        if not _is_due(session) and not _changed(session):
            return False
    with database.write() as session:
        start_due(session)
        kills.expire_due(session, _serving(session))
        changed = _changed(session)
        for name, body in changed.items():
            _publish(session, signer, name, body)
        return bool(changed)


def _is_due(session: ReadSession) -> bool:
    scheduled = select(ReleaseRow).where(
        col(ReleaseRow.state) == State.SCHEDULED.value, col(ReleaseRow.starts_at) <= clock.now()
    )
    if session.exec(scheduled.limit(1)).first() is not None:
        return True
    return bool(kills.due(session, _serving(session)))


def _serving(session: ReadSession) -> dict[str, str]:
    routes: RoutesBody | None = archive.current_body(session, DocumentName.ROUTES)
    return features.serving(routes.features) if routes else {}


def _changed(session: ReadSession) -> dict[DocumentName, bytes]:
    current = archive.current_headers(session)
    changed = {}
    for name, body in compile_desired(session).bodies.items():
        data = encode_body(body)
        if name not in current or current[name].digest != _sha256(data):
            changed[name] = data
    return changed


def _publish(session: WriteSession, signer: Signer, name: DocumentName, body: bytes) -> None:
    epoch = archive.installation(session).epoch
    before = archive.current_headers(session).get(name)
    header = signer.sign(
        DocumentHeader(
            name=name,
            revision=Revision(epoch, archive.next_number(session, epoch)),
            digest=_sha256(body),
            size=len(body),
            at=clock.now(),
            key_id=signer.key_id,
        )
    )
    archive.store(session, header, body)
    change = Change(
        action=Action.DOCUMENT_PUBLISH,
        entity=f"document:{name.value}",
        before=None if before is None else _snapshot(before),
        after=_snapshot(header),
        entity_revision=header.revision.number,
    )
    record(session, system("publisher"), change)


def _snapshot(header: DocumentHeader) -> dict[str, str]:
    return {"revision": str(header.revision), "digest": header.digest}


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
