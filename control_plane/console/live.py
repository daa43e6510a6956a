"""A part of a page that is drawn again when what it shows has changed, and only then."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

from nicegui import Client, html
from nicegui.element import Element

from control_plane.db import ReadSession
from control_plane.principal import Principal

V = TypeVar("V")


def nothing(_: ReadSession, __: Principal) -> Any:
    """A part that is given what it shows loads nothing itself."""
    raise AssertionError("what is loaded together is not loaded apart")


_NOTHING = object()
"""What is shown before anything was; a view may be None."""


class LiveEach(Generic[V]):
    """Several parts by name, from one ``load``: of a change only those that differ are drawn."""

    def __init__(
        self,
        place: Element,
        load: Callable[[ReadSession, Principal], Mapping[str, V]],
        draw: Callable[[str, V], None],
    ) -> None:
        self._place = place
        self._client: Client = place.client
        self._draw = draw
        self._parts: dict[str, Live[V]] = {}
        self.load = load

    def show(self, views: Mapping[str, V]) -> None:
        """Draw what differs; all of it where parts came, went or changed places."""
        if self._client.is_deleted:
            return
        if list(views) != list(self._parts):
            self._place.clear()
            with self._place:
                self._parts = {name: self._part(name) for name in views}
        for name, view in views.items():
            self._parts[name].show(view)

    def _part(self, name: str) -> "Live[V]":
        place = html.div().classes("live")
        return Live(place, nothing, partial(self._draw, name))


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
