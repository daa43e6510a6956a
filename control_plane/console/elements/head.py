"""A page's head: where it belongs, its name, what it is for, and its first buttons."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import html


@contextmanager
def head(name: str, text: str, *crumbs: tuple[str, str]) -> Iterator[None]:
    """Draw it; what is drawn inside are its buttons. ``crumbs``: names and targets above it."""
    with html.div().classes("page-head"):
        with html.div():
            if crumbs:
                with html.p().classes("crumb"):
                    for index, (words, target) in enumerate(crumbs):
                        if index:
                            html.span(" / ")
                        html.a(words, href=target)
            html.h1(name)
            html.p(text)
        with html.div().classes("actions"):
            yield
