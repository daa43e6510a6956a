"""A click that travelled while its button was drawn anew reaches the button's successor.

A part of a page that is drawn again has new elements; NiceGUI drops what was meant for the old
ones without a word. Nobody should have to press "Kill" twice: what is pressed is known by its
key, and the button that bears the key now is pressed instead.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import Client, events
from nicegui.element import Element

PRESSES = "presses"
KEPT = 1000
"""Buttons a page remembers the keys of, those it shows now among them."""
Act = Callable[[], Awaitable[None]]


class Presses:
    """The buttons of one open page, by key; made with the first of them."""

    def __init__(self) -> None:
        self._keys: OrderedDict[int, str] = OrderedDict()
        self._bearers: dict[str, tuple[Element, Act]] = {}

    def note(self, made: Element, key: str, act: Act) -> None:
        """This button bears the key from now on."""
        self._keys[made.id] = key
        self._bearers[key] = made, act
        while len(self._keys) > KEPT:
            gone, its_key = self._keys.popitem(last=False)
            if its_key in self._bearers and self._bearers[its_key][0].id == gone:
                del self._bearers[its_key]

    def press_successor(self, element: int) -> None:
        """Press what bears the key of a button that is gone; nothing, if nothing does any more."""
        key = self._keys.get(element)
        if key is None or key not in self._bearers:
            return
        bearer, act = self._bearers[key]
        if not bearer.is_deleted:
            arguments = events.ClickEventArguments(sender=bearer, client=bearer.client)
            events.handle_event(act, arguments)


def presses_of(client: Client) -> Presses:
    """Those of one page."""
    presses: Presses = client.storage.setdefault(PRESSES, Presses())
    return presses


def was_drawn_anew(client: Client, message: dict[str, Any]) -> bool:
    """Whether an event is for an element that is no more; a click on it is passed on."""
    element = message.get("id")
    if not isinstance(element, int) or element in client.elements:
        return False
    presses_of(client).press_successor(element)
    return True
