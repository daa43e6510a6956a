"""What will happen, a line each."""

from collections.abc import Sequence

from nicegui import html


def consequences(lines: Sequence[str], about: str = "") -> None:
    """Draw them, under which thing they are about where the title does not say it."""
    with html.ul().classes("consequence"):
        if about:
            html.li(about).classes("strong")
        for line in lines:
            html.li(line)
