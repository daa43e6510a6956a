"""Times: UTC throughout, so that two people and the register speak of the same moment."""

from datetime import datetime

from nicegui import html


def moment(text: str, prefix: str = "") -> None:
    """Draw a stored time; the whole of it is its title."""
    html.time(prefix + spoken(text), datetime=text, title=text)


def spoken(text: str) -> str:
    """``23 Nov 2026, 08:30:05`` of a stored time."""
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%b %Y, %H:%M:%S}"
