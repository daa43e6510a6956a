"""Buttons and links that look like them."""

from nicegui import html

from control_plane.console.elements.icon import icon
from control_plane.console.presses import Act, presses_of


def button(
    text: str,
    act: Act,
    *,
    kind: str = "",
    drawing: str = "",
    key: str = "",
    label: str = "",
) -> html.button:
    """A button. ``key`` finds it again after its part was drawn anew, for the focus and for a
    click that was on its way; ``label`` is read out."""
    props = {"type": "button"}
    if key:
        props["data-key"] = key
    if label:
        props["aria-label"] = label
    made = html.button(**props).classes(f"button {kind}")
    with made:
        if drawing:
            icon(drawing)
        html.span(text)
    made.on("click", act, args=[])
    if key:
        presses_of(made.client).note(made, key, act)
    return made


def link_button(text: str, target: str, *, kind: str = "", drawing: str = "") -> None:
    """A link dressed as a button, for going somewhere."""
    with html.a(href=target).classes(f"button {kind}"):
        if drawing:
            icon(drawing)
        html.span(text)
