"""What a running control plane is made of, and how an endpoint gets at it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from control_plane.config import Settings
from control_plane.db import Database, ReadSession, WriteSession
from control_plane.denials import Strangers
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
    exposures: Exposures = field(default_factory=NoExposures)


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
