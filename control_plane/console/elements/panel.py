"""A sheet with a head, a body and maybe a foot."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import html


@contextmanager
def panel(title: str, *, level: int = 2, label: str = "") -> Iterator[html.div]:
    """A titled section; yields its head's right side, for badges and buttons."""
    with html.section(**{"aria-label": label or title}).classes("panel") as sheet:
        with html.div().classes("panel-head"):
            (html.h2 if level == 2 else html.h3)(title)
            push = html.div().classes("actions push")
        with html.div().classes("panel-body stack"):
            yield push
    del sheet


@contextmanager
def body() -> Iterator[None]:
    """The padded inside of a sheet."""
    with html.div().classes("panel-body stack"):
        yield
