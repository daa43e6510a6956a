"""Shows a secret, once."""

from nicegui import html

from control_plane.console.desk import Desk
from control_plane.console.elements.dialog import tell


def show_secret(desk: Desk, title: str, secret: str, text: str) -> None:
    """It is in the page while this is open, and nowhere afterwards."""

    def draw() -> None:
        html.code(secret).classes("secret")
        html.p(text)
        html.p("It is shown this once and kept nowhere: copy it now.").classes("strong")

    tell(desk, title, draw)
