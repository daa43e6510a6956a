"""What a running control plane is made of, and how an endpoint gets at it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from control_plane.audit.checkpointer import Checkpointer
from control_plane.audit.reads import Reads
from control_plane.config import Settings
from control_plane.db import Database, ReadSession, WriteSession
from control_plane.decisions.store import DecisionStore
from control_plane.denials import Strangers
from control_plane.errors import ConflictError
from control_plane.people.provider import Provider
from control_plane.publish.feed import Feed
from control_plane.publish.publisher import Publisher
from control_plane.releases.exposures import Exposures, NoExposures


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Made once, by ``app.py``."""

    settings: Settings
    database: Database
    feed: Feed
    publisher: Publisher
    strangers: Strangers
    checkpointer: Checkpointer
    decisions: DecisionStore
    reads: Reads = field(default_factory=Reads)
    heavy: Lock = field(default_factory=Lock)
    provider: Provider | None = None
    exposures: Exposures = field(default_factory=NoExposures)

    @contextmanager
    def one_at_a_time(self, what: str) -> Iterator[None]:
        """Work that takes a core for a minute; raises ConflictError while another runs."""
        if not self.heavy.acquire(blocking=False):
            raise ConflictError(f"{what} or an export is running; ask again when it is done")
        try:
            yield
        finally:
            self.heavy.release()


def parts_of(connection: HTTPConnection) -> Parts:
    """The parts of the app that serves this request."""
    parts = connection.app.state.parts
    assert isinstance(parts, Parts)
    return parts


def _read(parts: Annotated[Parts, Depends(parts_of)]) -> Iterator[ReadSession]:
    with parts.database.read() as session:
        yield session


def _write(parts: Annotated[Parts, Depends(parts_of)]) -> Iterator[WriteSession]:
    with parts.database.write() as session:
        yield session
    parts.publisher.wake()


Running = Annotated[Parts, Depends(parts_of)]
# Scope "function": the commit is done before the answer leaves.
Reading = Annotated[ReadSession, Depends(_read, scope="function")]
Writing = Annotated[WriteSession, Depends(_write, scope="function")]
