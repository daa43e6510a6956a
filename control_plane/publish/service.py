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
    encode_body,
)
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import Database, ReadSession, WriteSession
from control_plane.principal import system
from control_plane.publish import archive, features
from control_plane.publish.archive import Served
from control_plane.publish.desired import compile_desired
from control_plane.publish.signing import Signer
from control_plane.releases import kills
from control_plane.releases.models import KillRow
from control_plane.releases.schedule import due, start_due


def reconcile(database: Database, signer: Signer) -> bool:
    """Publish what differs; True if anything was. Takes the write lock only when needed."""
    stamp = database.data_version()
    with database.read() as session:
        served = archive.load_served(session)
        due = _is_due(session, served)
        changed = _changed(session, served)
    if not due and not changed:
        return False
    with database.write() as session:
        # Takes the lock: from here on nobody else commits.
        epoch = archive.installation(session).epoch
        if due or database.data_version() != stamp:
            start_due(session)
            kills.expire_due(session, features.serving(served.routes.features))
            served = archive.load_served(session)
            changed = _changed(session, served)
        for name, body in changed.items():
            _publish(session, signer, epoch, served.headers.get(name), name, body)
    return bool(changed)


def is_time(database: Database) -> bool:
    """Whether a scheduled start or a kill's expiry has come."""
    with database.read() as session:
        return _is_time(session)


def _is_due(session: ReadSession, served: Served) -> bool:
    return bool(due(session) or kills.due(session, features.serving(served.routes.features)))


def _is_time(session: ReadSession) -> bool:
    expired = select(KillRow.id).where(
        col(KillRow.cleared_at).is_(None), col(KillRow.expires_at) <= clock.now()
    )
    return bool(due(session) or session.exec(expired.limit(1)).first())


def _changed(session: ReadSession, served: Served) -> dict[DocumentName, bytes]:
    changed = {}
    for name, body in compile_desired(session, served).bodies.items():
        data = encode_body(body)
        header = served.headers.get(name)
        if header is None or header.digest != _sha256(data):
            changed[name] = data
    return changed


def _publish(
    session: WriteSession,
    signer: Signer,
    epoch: int,
    before: DocumentHeader | None,
    name: DocumentName,
    body: bytes,
) -> None:
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
