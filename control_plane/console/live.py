"""A part of a page that is drawn again when what it shows has changed, and only then."""

from collections.abc import Callable
from typing import Generic, TypeVar

from nicegui import Client
from nicegui.element import Element

from control_plane.db import ReadSession
from control_plane.principal import Principal

V = TypeVar("V")
_NOTHING = object()
"""What is shown before anything was; a view may be None."""


class Live(Generic[V]):
    """One part: ``load`` asks the services for plain data, ``draw`` makes elements of it."""

    def __init__(
        self,
        place: Element,
        load: Callable[[ReadSession, Principal], V],
        draw: Callable[[V], None],
    ) -> None:
        self._place = place
        self._client: Client = place.client
        self._draw = draw
        self._shown: V | object = _NOTHING
        self.load = load

    def show(self, view: V) -> None:
        """Draw it, if it differs from what is drawn."""
        if view == self._shown or self._client.is_deleted:
            return
        self._shown = view
        self._place.clear()
        with self._place:
            self._draw(view)
