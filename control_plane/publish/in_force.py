"""What is published now, kept in memory beside the database.

The archive only grows and a body never changes, so a look costs one query for what is new:
nothing is read or decoded twice. Used by the publisher's thread, and by whoever publishes
along with a change: a document that is known already, or older, is never taken again.
"""

import threading
from typing import Any

from bentos.contract.documents import DocumentHeader, DocumentName, Revision, decode_body
from control_plane.db import ReadSession
from control_plane.publish import archive
from control_plane.publish.archive import Served

NOTHING = Revision(0, 0)


class InForce:
    """The newest header of each name, and its body."""

    def __init__(self) -> None:
        self.headers: dict[DocumentName, DocumentHeader] = {}
        self.revision = NOTHING
        "The highest of all of them."
        self._taking = threading.Lock()
        self._bytes: dict[DocumentName, bytes] = {}
        self._bodies: dict[DocumentName, Any] = {}

    def refresh(self, session: ReadSession) -> None:
        """Take what was published since the last look, by this process or by another."""
        if self.revision == NOTHING:
            found = list(archive.current_headers(session).values())
        else:
            found = archive.headers_since(session, self.revision)
        for header in sorted(found, key=lambda each: each.revision):
            data = archive.body_bytes(session, header.digest)
            self.take(header, data, decode_body(header.name, data))

    def take(self, header: DocumentHeader, data: bytes, body: Any) -> None:
        """A document is in force from now on."""
        with self._taking:
            known = self.headers.get(header.name)
            if known is not None and header.revision <= known.revision:
                return
            self._bytes[header.name], self._bodies[header.name] = data, body
            self.headers[header.name] = header
            self.revision = max(self.revision, header.revision)

    def body(self, name: DocumentName) -> Any:
        """A document's body; None before it was first published."""
        return self._bodies.get(name)

    def data(self, name: DocumentName) -> bytes | None:
        """Its bytes."""
        return self._bytes.get(name)

    def documents(self) -> dict[DocumentName, tuple[DocumentHeader, bytes]]:
        """Each header with its body's bytes."""
        with self._taking:
            return {name: (header, self._bytes[name]) for name, header in self.headers.items()}

    def served(self) -> Served:
        """The same, as the compiler of documents wants it."""
        return archive.served_of(self.headers, self._bodies)
