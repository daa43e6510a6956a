"""Buttons and links that look like them."""

from collections.abc import Awaitable, Callable

from nicegui import html

from control_plane.console.elements.icon import icon


def button(
    text: str,
    act: Callable[[], Awaitable[None]],
    *,
    kind: str = "",
    drawing: str = "",
    key: str = "",
    label: str = "",
) -> html.button:
    """A button. ``key`` finds it again after its part was drawn anew; ``label`` is read out."""
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
    return made


def link_button(text: str, target: str, *, kind: str = "", drawing: str = "") -> None:
    """A link dressed as a button, for going somewhere."""
    with html.a(href=target).classes(f"button {kind}"):
        if drawing:
            icon(drawing)
        html.span(text)
