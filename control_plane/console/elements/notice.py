"""A line that must not be overlooked."""

from nicegui import html

from control_plane.console.elements.icon import icon


def notice(text: str, tone: str = "", drawing: str = "info") -> html.div:
    """Draw it; returns its text's place, for a link or a button."""
    with html.div().classes(f"notice {tone}"):
        icon(drawing)
        with html.div().classes("grow") as place:
            html.p(text)
    return place
