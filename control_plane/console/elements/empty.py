"""What stands where nothing is yet: what would be here, and what fills it."""

from nicegui import html


def empty(title: str, text: str, command: str = "") -> html.div:
    """Draw it; returns its place, for a button that fills it."""
    with html.div().classes("empty") as place:
        html.p(title).classes("title")
        html.p(text)
        if command:
            # On a phone it scrolls: so that the keyboard can scroll it too.
            html.pre(command, tabindex="0")
    return place
