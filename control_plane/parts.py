"""What a running control plane is made of, and how an endpoint gets at it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock
from typing import Annotated

from fastapi import Depends, Query
from sqlalchemy import event
from sqlmodel import Session
from starlette.requests import HTTPConnection

from control_plane import clock
from control_plane.audit.checkpointer import Checkpointer
from control_plane.audit.reads import Reads
from control_plane.config import Settings
from control_plane.crash_point import CrashPoint, crash_point
from control_plane.db import Database, ReadSession, WriteSession
from control_plane.decisions.inference import Workers
from control_plane.decisions.store import DecisionStore
from control_plane.decisions.upkeep import Upkeep
from control_plane.denials import Strangers
from control_plane.errors import ConflictError
from control_plane.follow.follower import Follower
from control_plane.idempotency.requests import InFlight, join_transaction
from control_plane.metrics import Metrics
from control_plane.people.provider import Provider
from control_plane.publish.feed import Feed
from control_plane.publish.key_watch import KeyWatch
from control_plane.publish.publisher import Publisher
from control_plane.publish.service import Document
from control_plane.redactions.task import RedactionTask
from control_plane.releases.exposures import Exposures, NoExposures
from control_plane.webhooks.dispatcher import Dispatcher

WAIT_SECONDS = 2.0
PENDING = "pending"


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
    metrics: Metrics
    upkeep: Upkeep
    webhooks: Dispatcher
    workers: Workers
    follower: Follower
    redactions: RedactionTask
    reads: Reads = field(default_factory=Reads)
    heavy: Lock = field(default_factory=Lock)
    in_flight: InFlight = field(default_factory=InFlight)
    provider: Provider | None = None
    key_watch: KeyWatch = field(default_factory=KeyWatch)
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

    @contextmanager
    def writing(
        self, committed: Callable[[str, int], None] = lambda _at, _pass: None
    ) -> Iterator[WriteSession]:
        """A change of what is released: its commit wakes the publisher, and new kills are
        published with it. ``committed`` hears when it was, and which pass will have followed."""
        along: list[Document] = []

        def after_commit(_: Session) -> None:
            at = clock.now()
            crash_point(CrashPoint.CHANGE_COMMITTED)
            committed(at, self.publisher.committed(along))

        with self.database.write() as session:
            event.listen(session, "after_commit", after_commit)
            yield session
            along += self.publisher.along(session)


class Wait(StrEnum):
    """What the answer to a change may wait for, beyond its commit."""

    SERVED = "served"
    "What gateways are served has been made to follow it."


def parts_of(connection: HTTPConnection) -> Parts:
    """The parts of the app that serves this request."""
    parts = connection.app.state.parts
    assert isinstance(parts, Parts)
    return parts


def _read(parts: Annotated[Parts, Depends(parts_of)]) -> Iterator[ReadSession]:
    with parts.database.read() as session:
        yield session


async def _wait(
    connection: HTTPConnection,
    parts: Annotated[Parts, Depends(parts_of)],
    wait: Annotated[
        Wait | None,
        Query(description="`served`: answer once gateways are served what follows from this."),
    ] = None,
) -> AsyncIterator[None]:
    """After the commit: hold the answer back until the publisher has followed it, if asked to."""
    yield
    number = getattr(connection.state, "publisher_pass", None)
    if wait is None or number is None:
        return
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            connection.state.served_revision = str(await parts.publisher.passed(number))
    except TimeoutError:
        # The change is made all the same; the publisher is behind, and says so in its health.
        connection.state.served_revision = PENDING


def begin_writing(
    connection: HTTPConnection,
    parts: Annotated[Parts, Depends(parts_of)],
    _: Annotated[None, Depends(_wait, scope="function")],
) -> Iterator[WriteSession]:
    """The request's own transaction, committed before its answer leaves."""

    def committed(at: str, publisher_pass: int) -> None:
        connection.state.committed_at = at
        connection.state.publisher_pass = publisher_pass

    with parts.writing(committed) as session:
        join_transaction(connection, session)
        yield session
        session.flush()
        crash_point(CrashPoint.ANSWERED)


Running = Annotated[Parts, Depends(parts_of)]
# Scope "function": the commit is done before the answer leaves.
Reading = Annotated[ReadSession, Depends(_read, scope="function")]
Writing = Annotated[WriteSession, Depends(begin_writing, scope="function")]
