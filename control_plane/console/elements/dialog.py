"""A question over the page, with a consequence, a reason and one button that does it.

The native element: it holds the focus, Esc leaves it, Enter confirms, and the focus goes back
to where it was.
"""

from collections.abc import Callable

from nicegui import html, ui

from control_plane.console.desk import Desk
from control_plane.console.elements.form import Form, Question


def ask(desk: Desk, question: Question) -> None:
    """Open a dialog over the page."""
    with desk.client.content:
        root = html.dialog().classes("wide" if question.wide else "")
        name = root.html_id
        root.props["aria-labelledby"] = f"{name}-title"
        close = f"signalbox.close('{name}')"

        def cancel() -> None:
            button = html.button("Cancel", type="button").classes("button")
            button.on("click", js_handler=f"() => {close}")

        async def done(text: str) -> None:
            with desk.client:
                ui.run_javascript(close)
            desk.say(text)

        with root:
            with html.div().classes("dialog-head"):
                html.h2(question.title, id=f"{name}-title")
            Form(desk, question, done=done, cancel=cancel)
        root.on("close", root.delete, args=[])
        ui.run_javascript(f"signalbox.open('{name}')")


def tell(desk: Desk, title: str, draw: Callable[[], None]) -> None:
    """Say something that must be seen; what it said is gone from the page when it is closed."""
    with desk.client.content:
        root = html.dialog()
        name = root.html_id
        root.props["aria-labelledby"] = f"{name}-title"
        with root:
            with html.div().classes("dialog-head"):
                html.h2(title, id=f"{name}-title")
            with html.div().classes("form-body"):
                draw()
            with html.div().classes("form-foot"):
                button = html.button("I have it", type="button").classes("button primary")
                button.on("click", js_handler=f"() => signalbox.close('{name}')")
        root.on("close", root.delete, args=[])
        ui.run_javascript(f"signalbox.open('{name}')")
