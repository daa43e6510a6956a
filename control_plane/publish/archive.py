"""What was published: append-only, by revision; bodies by digest."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import bindparam, insert, tuple_
from sqlmodel import col, select

from bentos.contract.documents import (
    DocumentHeader,
    DocumentName,
    KillBody,
    Revision,
    RoutesBody,
    decode_body,
)
from bentos.contract.errors import ContractError
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import NotFoundError
from control_plane.publish.models import INSTALLATION_ID, BodyRow, InstallationRow, PublishedRow

# Made once: a publication's statements are neither built nor looked up again.
_IS_KNOWN = select(col(BodyRow.digest)).where(col(BodyRow.digest) == bindparam("digest_"))
_ADD_BODY = insert(BodyRow.__table__)  # type: ignore[attr-defined]
_ADD_PUBLISHED = insert(PublishedRow.__table__)  # type: ignore[attr-defined]
_EPOCH = select(col(InstallationRow.epoch)).where(col(InstallationRow.id) == INSTALLATION_ID)
_LATER = select(col(PublishedRow.header)).where(
    tuple_(col(PublishedRow.epoch), col(PublishedRow.number))
    > tuple_(bindparam("epoch_"), bindparam("number_"))
)


@dataclass(frozen=True, kw_only=True)
class Served:
    """What gateways are served: all headers, and the two bodies that depend on each other."""

    headers: dict[DocumentName, DocumentHeader]
    routes: RoutesBody
    kill: KillBody

    @property
    def revision(self) -> Revision:
        """The highest in force."""
        revisions = (header.revision for header in self.headers.values())
        return max(revisions, default=Revision(0, 0))


def installation(session: ReadSession) -> InstallationRow:
    """The installation; raises ContractError when the home was never initialised."""
    row = session.get(InstallationRow, INSTALLATION_ID)
    if row is None:
        raise ContractError("SIGNALBOX_HOME", "an initialised home", "none", "Run signalbox init.")
    return row


def epoch_of(session: ReadSession) -> int:
    """The epoch to publish in; raises ContractError when the home was never initialised."""
    epoch = session.connection().execute(_EPOCH).scalar()
    return installation(session).epoch if epoch is None else epoch


def current_headers(session: ReadSession) -> dict[DocumentName, DocumentHeader]:
    """The headers in force."""
    found = {}
    for name in DocumentName:
        query = select(PublishedRow.header).where(col(PublishedRow.name) == name.value)
        newest = query.order_by(col(PublishedRow.epoch).desc(), col(PublishedRow.number).desc())
        header = session.exec(newest.limit(1)).first()
        if header is not None:
            found[name] = msgspec.convert(header, DocumentHeader)
    return found


def headers_since(session: ReadSession, revision: Revision) -> list[DocumentHeader]:
    """Headers of later revisions than this one, of all documents."""
    place = {"epoch_": revision.epoch, "number_": revision.number}
    found = session.connection().execute(_LATER, place).scalars()
    return [msgspec.convert(header, DocumentHeader) for header in found]


def body_bytes(session: ReadSession, digest: str) -> bytes:
    """A published body, or NotFoundError."""
    row = session.get(BodyRow, digest)
    if row is None:
        raise NotFoundError(f"no document body {digest}")
    return row.body


def load_served(session: ReadSession) -> Served:
    """What is in force now."""
    headers = current_headers(session)
    wanted = (DocumentName.ROUTES, DocumentName.KILL)
    bodies = {
        name: decode_body(name, body_bytes(session, headers[name].digest))
        for name in wanted
        if name in headers
    }
    return served_of(headers, bodies)


def served_of(
    headers: Mapping[DocumentName, DocumentHeader], bodies: Mapping[DocumentName, Any]
) -> Served:
    """Headers and bodies in force; what was never published is empty."""
    return Served(
        headers=dict(headers),
        routes=bodies.get(DocumentName.ROUTES, RoutesBody()),
        kill=bodies.get(DocumentName.KILL, KillBody()),
    )


def bodies_since(session: ReadSession, name: DocumentName, moment: str) -> list[Any]:
    """Decoded bodies that were in force at ``moment`` or later."""
    query = select(PublishedRow).where(col(PublishedRow.name) == name.value)
    newest = query.order_by(col(PublishedRow.epoch).desc(), col(PublishedRow.number).desc())
    found = []
    for row in session.exec(newest):
        found.append(decode_body(name, body_bytes(session, row.digest)))
        if row.at < moment:
            break
    return found


def next_number(session: ReadSession, epoch: int) -> int:
    """The number the next document of this epoch takes: one counter for all of them."""
    query = select(PublishedRow.number).where(col(PublishedRow.epoch) == epoch)
    last = session.exec(query.order_by(col(PublishedRow.number).desc()).limit(1)).first()
    return (last or 0) + 1


def store(session: WriteSession, header: DocumentHeader, body: bytes) -> None:
    """Put a published document into the archive."""
    connection = session.connection()
    if connection.execute(_IS_KNOWN, {"digest_": header.digest}).first() is None:
        connection.execute(_ADD_BODY, {"digest": header.digest, "body": body})
    published = {
        "epoch": header.revision.epoch,
        "number": header.revision.number,
        "name": header.name.value,
        "digest": header.digest,
        "at": header.at,
        "header": msgspec.to_builtins(header),
    }
    connection.execute(_ADD_PUBLISHED, published)
