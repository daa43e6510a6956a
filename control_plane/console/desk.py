"""An open page: who sits before it, what it shows, and its being kept up to date."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nicegui import Client, html, ui

from control_plane.console.changes import Changes
from control_plane.console.live import Live, LiveEach
from control_plane.console.seat import Attempt, Seat
from control_plane.console.sightings import Sightings
from control_plane.console.socket import ENDED, SEAT
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import UnauthorizedError
from control_plane.principal import Principal

T = TypeVar("T")
V = TypeVar("V")


class Desk:
    """Made for each page that is opened; ends with it."""

    def __init__(self, client: Client) -> None:
        state = client.request.state
        changes: Changes = state.changes
        self.seat = Seat(state.parts, state.visitor)
        self.client = client
        self.parts = self.seat.parts
        self.sightings: Sightings = state.sightings
        self._lives: list[Live[Any] | LiveEach[Any]] = []
        self._looking = asyncio.Lock()
        client.storage[SEAT] = self.seat
        changes.watch(client.id, self.look)
        client.on_delete(lambda: changes.leave(client.id))

    def live(
        self,
        load: Callable[[ReadSession, Principal], V],
        draw: Callable[[V], None],
        classes: str = "",
    ) -> Live[V]:
        """A part here that follows changes; drawn with the next ``look``."""
        part = Live(html.div().classes(f"live {classes}"), load, draw)
        self._lives.append(part)
        return part

    def live_each(
        self,
        load: Callable[[ReadSession, Principal], Mapping[str, V]],
        draw: Callable[[str, V], None],
    ) -> None:
        """Parts by name that are loaded together and drawn each when it differs."""
        self._lives.append(LiveEach(html.div().classes("live"), load, draw))

    async def look(self) -> None:
        """Bring every part up to date, from one snapshot of the database."""
        async with self._looking:
            if self.client.is_deleted:
                return
            try:
                views = await self.seat.read(self._load)
            except UnauthorizedError:
                self.leave()
                return
            for part, view in zip(self._lives, views, strict=True):
                part.show(view)

    async def write(self, attempt: Attempt, change: Callable[[WriteSession, Principal], T]) -> T:
        """Change something and show it at once."""
        done = await self.seat.write(attempt, change)
        await self.look()
        return done

    def name_page(self, text: str) -> None:
        """Set the page's title."""
        with self.client:
            ui.page_title(text)

    def go(self, path: str) -> None:
        """To another page of the console."""
        self.client.open(path)

    def leave(self) -> None:
        """The session is over: to the sign-in page."""
        self.client.open(ENDED)

    async def call(self, attempt: Attempt, change: Callable[[Principal], T]) -> T:
        """Like ``write``, for a service that opens its transactions itself."""
        done = await self.seat.call(attempt, change)
        await self.look()
        return done

    def say(self, text: str) -> None:
        """Tell the person, and their screen reader, what happened."""
        with self.client:
            ui.run_javascript(f"signalbox.say({json.dumps(text)})")

    def _load(self, session: ReadSession, principal: Principal) -> list[Any]:
        return [part.load(session, principal) for part in self._lives]
