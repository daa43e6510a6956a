"""A small drawing beside a word; never instead of one."""

from nicegui import html


def icon(name: str) -> None:
    """Draw the icon ``name`` of style.css. Screen readers hear the word beside it."""
    html.span(**{"aria-hidden": "true"}).classes(f"icon icon-{name}")
