"""Who is at the door: the session of a page or of its websocket, asked anew each time."""

import hmac
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from control_plane.auth import source_of
from control_plane.config import Settings
from control_plane.db import ReadSession
from control_plane.denials import UNKNOWN
from control_plane.identifier import new_id
from control_plane.people import cookies, sessions
from control_plane.principal import Principal, Source, acting


@dataclass(frozen=True)
class Visitor:
    """A browser as it shows itself. ``token`` is its session's secret and is never shown."""

    token: str
    source: Source

    def __repr__(self) -> str:
        return f"Visitor({self.source.ip})"

    def has_same_session(self, other: "Visitor") -> bool:
        """Whether both came with one session."""
        return hmac.compare_digest(self.token.encode(), other.token.encode())

    def stranger(self) -> Principal:
        """The visitor as the register names somebody without a good session."""
        return acting(UNKNOWN, frozenset(), self.now())

    def now(self) -> Source:
        """Where it asks from, under a request id of its own: a page asks many times."""
        return Source(ip=self.source.ip, user_agent=self.source.user_agent, request_id=new_id())


def visitor_of(connection: HTTPConnection, settings: Settings) -> Visitor:
    """The browser behind a request or a websocket."""
    token = cookies.read_cookie(connection, settings.public_url, cookies.SESSION)
    return Visitor(token or "", source_of(connection))


def principal_of(session: ReadSession, visitor: Visitor) -> Principal:
    """Who that is and what they may do now; raises UnauthorizedError."""
    return sessions.principal_of(session, visitor.token, visitor.now())
