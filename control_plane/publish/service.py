"""The level-triggered publisher's steps: make what is served equal what is desired.

A step reads the tables and nothing else, so a crash at any point heals on the next one.
Revision, archive entry and register event commit together. A kill's document commits with the
kill itself; should that fail, the first step finds it.
"""

import hashlib
from collections.abc import Callable, Container
from typing import Any

import structlog
from sqlmodel import col, select

from bentos.contract.documents import (
    DocumentHeader,
    DocumentName,
    EndpointsBody,
    Revision,
    encode_body,
)
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.crash_point import CrashPoint, crash_point
from control_plane.db import Database, ReadSession, WriteSession
from control_plane.lint.publication import as_recorded, lint_features
from control_plane.principal import system
from control_plane.publish import archive, features
from control_plane.publish.archive import Served
from control_plane.publish.desired import compile_desired, rerouted, tightened
from control_plane.publish.in_force import InForce
from control_plane.publish.signing import Signer
from control_plane.releases import kills
from control_plane.releases.models import KillRow
from control_plane.releases.schedule import due, start_due

log = structlog.get_logger(__name__)
Bodies = dict[DocumentName, tuple[Any, bytes]]
Document = tuple[DocumentHeader, bytes, Any]
"""A header, its body's bytes and the body."""
Step = Callable[[], None]
Changed = Callable[[ReadSession], Bodies]
Compile = Callable[[ReadSession, Served, Container[str]], Any]


log = structlog.get_logger(__name__)


class Reconciler:
    """The steps of a pass. ``in_force`` follows the archive, whoever published; ``tell`` is
    called as soon as it changed."""

    def __init__(
        self, database: Database, signer: Signer, tell: Callable[[], None] = lambda: None
    ) -> None:
        self.in_force = InForce()
        self._database = database
        self._signer = signer
        self._tell = tell
        self._stamp: int | None = None
        "The database as this look sees it; None while that is not known."
        self._refreshed: int | None = None
        self._without_kills: int | None = None
        "As it was when nothing new was published in it, and when it held no new kill."
        self.steps: tuple[Step, ...] = (
            self.publish_kills,
            self.publish_routes,
            self.publish_all,
        )
        "In their order: what is urgent waits for no compilation of what is not."

    def publish_kills(self) -> None:
        """Publish new kills, before anything else is looked at."""
        self._settle(self._new_kills)

    def publish_routes(self) -> None:
        """Publish new routes to versions whose addresses are in force."""
        self._settle(self._new_routes)

    def publish_all(self) -> None:
        """Do what is due, and publish whatever differs."""

        def act(session: WriteSession) -> None:
            start_due(session)
            kills.expire_due(session, self._serving())

        self._settle(self._changed, self._is_due, act)

    def publish_kills_along(self, session: WriteSession) -> list[Document]:
        """Publish new kills in the transaction that sets them. Once that is committed they are
        in force, and are to be taken and told.

        Whatever goes wrong here is undone and left to the next pass: the change is not refused
        for it.
        """
        session.flush()
        try:
            # Of the connection, not the session, whose listeners would take it for the commit.
            with session.connection().begin_nested():
                epoch = archive.epoch_of(session)
                self.in_force.refresh(session)
                bodies = self._urgent(session, DocumentName.KILL, tightened)
                if not bodies:
                    return []
                crash_point(CrashPoint.COMPILED)
                published = self._publish(session, epoch, bodies)
                crash_point(CrashPoint.WRITTEN)
        except Exception:
            log.exception("kill is left to the next pass")
            return []
        return published

    def is_time(self) -> bool:
        """Whether a scheduled start or a kill's expiry has come."""
        with self._database.read() as session:
            return _is_time(session)

    def _new_kills(self, session: ReadSession) -> Bodies:
        """Committed since the last look; they come before anything else in every step."""
        if self._stamp is not None and self._stamp == self._without_kills:
            return {}
        found = self._urgent(session, DocumentName.KILL, tightened)
        self._without_kills = None if found else self._stamp
        return found

    def _new_routes(self, session: ReadSession) -> Bodies:
        return self._new_kills(session) or self._urgent(session, DocumentName.ROUTES, rerouted)

    def _urgent(self, session: ReadSession, name: DocumentName, compile_body: Compile) -> Bodies:
        if name not in self.in_force.headers:
            return {}  # what was never published begins with all the others
        endpoints: EndpointsBody | None = self.in_force.body(DocumentName.ENDPOINTS)
        addresses = endpoints.versions if endpoints else {}
        return self._differing(name, compile_body(session, self.in_force.served(), addresses))

    def _settle(
        self,
        changed: Changed,
        is_due: Callable[[ReadSession], bool] = lambda _: False,
        act: Callable[[WriteSession], None] = lambda _: None,
    ) -> None:
        """Publish what ``changed`` finds, and what stood behind a kill that came first."""
        while self._reconcile(changed, is_due, act).keys() == {DocumentName.KILL}:
            continue

    def _reconcile(
        self,
        changed: Changed,
        is_due: Callable[[ReadSession], bool],
        act: Callable[[WriteSession], None],
    ) -> Bodies:
        """Publish and return what ``changed`` finds. Locks only if there is something."""
        stamp = self._stamp = self._database.data_version()
        with self._database.read() as session:
            self._refresh(session)
            acts = is_due(session)
            bodies = changed(session)
        if not acts and not bodies:
            return {}
        crash_point(CrashPoint.COMPILED)
        with self._database.write() as session:
            epoch = _lock(session)
            if acts or self._database.data_version() != stamp:
                self._stamp = None
                self.in_force.refresh(session)
                act(session)
                bodies = changed(session)
            published = self._publish(session, epoch, bodies)
            crash_point(CrashPoint.WRITTEN)
        crash_point(CrashPoint.COMMITTED)
        # In force from the commit on, and not before.
        for document in published:
            self.in_force.take(*document)
        self._tell()
        return bodies

    def _refresh(self, session: ReadSession) -> None:
        """Follow the archive, unless nothing was committed since the last time."""
        if self._stamp != self._refreshed:
            self.in_force.refresh(session)
            self._refreshed = self._stamp

    def _serving(self) -> dict[str, str]:
        return features.serving(self.in_force.served().routes.features)

    def _is_due(self, session: ReadSession) -> bool:
        return bool(due(session) or kills.due(session, self._serving()))

    def _changed(self, session: ReadSession) -> Bodies:
        changed = self._new_kills(session)
        if changed:
            return changed
        epoch = archive.epoch_of(session)
        for name, body in compile_desired(session, self.in_force.served()).bodies.items():
            header = self.in_force.headers.get(name)
            # After a restored backup gateways may hold newer revisions of the old epoch, and
            # refuse what is older: everything is said again in the new one.
            present = header is not None and header.revision.epoch == epoch
            changed |= self._differing(name, body) if present else {name: (body, encode_body(body))}
        return changed

    def _differing(self, name: DocumentName, body: Any) -> Bodies:
        """The body, if its bytes are not those in force."""
        # Equal bodies have equal bytes, and comparing costs less than encoding.
        if body == self.in_force.body(name):
            return {}
        data = encode_body(body)
        return {} if data == self.in_force.data(name) else {name: (body, data)}

    def _publish(self, session: WriteSession, epoch: int, bodies: Bodies) -> list[Document]:
        published: list[Document] = []
        last = self.in_force.revision
        number = last.number + 1 if last.epoch == epoch else archive.next_number(session, epoch)
        for name, (body, data) in bodies.items():
            header = self._sign(name, data, Revision(epoch, number + len(published)))
            archive.store(session, header, data)
            crash_point(CrashPoint.ARCHIVED)
            _record(session, self.in_force.headers.get(name), header, _linted(session, name, body))
            crash_point(CrashPoint.RECORDED)
            published.append((header, data, body))
        return published

    def _sign(self, name: DocumentName, data: bytes, revision: Revision) -> DocumentHeader:
        return self._signer.sign(
            DocumentHeader(
                name=name,
                revision=revision,
                digest=hashlib.sha256(data).hexdigest(),
                size=len(data),
                at=clock.now(),
                key_id=self._signer.key_id,
            )
        )


def _linted(session: ReadSession, name: DocumentName, body: Any) -> dict[str, Any]:
    """What the linter finds in routes that are published.

    It is written down beside them and holds up nothing: what leads back is published in any case.
    """
    if name is not DocumentName.ROUTES:
        return {}
    try:
        return as_recorded(lint_features(session, body.features))
    except (LookupError, TypeError, ValueError) as error:
        log.exception("the linter failed; the routes are published all the same")
        return {"lint": [f"failed: {type(error).__name__}"]}


def _record(
    session: WriteSession,
    before: DocumentHeader | None,
    after: DocumentHeader,
    details: dict[str, Any],
) -> None:
    change = Change(
        action=Action.DOCUMENT_PUBLISH,
        entity=f"document:{after.name.value}",
        before=None if before is None else _snapshot(before),
        after=_snapshot(after),
        entity_revision=after.revision.number,
        details=details,
    )
    record(session, system("publisher"), change)


def _lock(session: WriteSession) -> int:
    """Take the write lock, after which nobody else commits; the epoch to publish in."""
    return archive.epoch_of(session)


def _is_time(session: ReadSession) -> bool:
    expired = select(KillRow.id).where(
        col(KillRow.cleared_at).is_(None), col(KillRow.expires_at) <= clock.now()
    )
    return bool(due(session) or session.exec(expired.limit(1)).first())


def _snapshot(header: DocumentHeader) -> dict[str, Any]:
    return {"revision": str(header.revision), "digest": header.digest}
