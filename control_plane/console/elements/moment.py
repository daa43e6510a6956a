"""Times: UTC throughout, so that two people and the register speak of the same moment."""

from datetime import datetime

from nicegui import html


def moment(text: str, prefix: str = "") -> None:
    """Draw a stored time; the whole of it is its title."""
    html.time(prefix + spoken(text), datetime=text, title=text)


def ago(text: str) -> None:
    """Draw a stored time as how long it has lasted; the browser keeps counting."""
    words = f"since {spoken(text)}"
    html.time(words, datetime=text, title=words).classes("ago")


def given_moment(text: str) -> str | None:
    """What a browser's field for a time holds, which says no offset: it is UTC here."""
    if not text:
        return None
    return text if text.endswith("Z") or "+" in text else f"{text}Z"


def spoken(text: str) -> str:
    """``23 Nov 2026, 08:30:05`` of a stored time."""
    at = datetime.fromisoformat(text)
    return f"{at.day} {at:%b %Y, %H:%M:%S}"
