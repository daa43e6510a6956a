"""Fields of a form, each with its label."""

from collections.abc import Sequence

from nicegui import html

MAX_REASON = 2000
INITIAL = "^value"
"""The attribute (Vue's ``^``), not the property, which every update of the page would set
again over what somebody is typing."""


def text_field(
    name: str,
    label: str,
    *,
    value: str = "",
    hint: str = "",
    kind: str = "text",
    required: bool = False,
    focus: bool = False,
    **more: str,
) -> None:
    """One line of text; ``kind`` is the input's type."""
    props = {"name": name, "type": kind, INITIAL: value, "autocomplete": "off", **more}
    if required:
        props["required"] = ""
        props["aria-required"] = "true"
    if focus:
        props["autofocus"] = ""
    with html.label().classes("field"):
        html.span(label).classes("label")
        html.input_(**props).classes("input")
        if hint:
            html.span(hint).classes("hint")


def area_field(name: str, label: str, *, value: str = "", hint: str = "") -> None:
    """Several lines of text."""
    with html.label().classes("field"):
        html.span(label).classes("label")
        html.textarea(value, name=name, spellcheck="false").classes("input mono")
        if hint:
            html.span(hint).classes("hint")


def choice_field(
    name: str, label: str, choices: Sequence[tuple[str, str]], *, value: str = "", hint: str = ""
) -> None:
    """One of several: pairs of value and words."""
    with html.label().classes("field"):
        html.span(label).classes("label")
        with html.select(name=name).classes("input"):
            for each, words in choices:
                chosen = {"selected": ""} if each == value else {}
                html.option(words, value=each, **chosen)
        if hint:
            html.span(hint).classes("hint")


def check_field(name: str, label: str, *, checked: bool = False) -> None:
    """Yes or no."""
    with html.label().classes("field check"):
        on = {"checked": ""} if checked else {}
        html.input_(name=name, type="checkbox", value="on", **on)
        html.span(label)


def reason_field(hint: str = "", value: str = "", *, focus: bool = True) -> None:
    """Why: mandatory, and in the register for good. One line, so that Enter confirms."""
    text_field(
        "reason",
        "Reason",
        value=value,
        hint=hint or "Goes into the register, with your name.",
        required=True,
        focus=focus,
        maxlength=str(MAX_REASON),
    )


def ticket_field(value: str = "") -> None:
    """A reference to elsewhere."""
    text_field("ticket", "Ticket (optional)", value=value, maxlength="200")
