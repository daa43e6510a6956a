"""Several of many: a box for each, in one set of fields."""

from collections.abc import Collection, Sequence

from nicegui import html

from control_plane.console.elements.form import Values

Choice = tuple[str, str]
"""Value and words."""


def choices_field(
    name: str, legend: str, choices: Sequence[Choice], *, ticked: Collection[str] = (), hint: str
) -> None:
    """Draw the boxes; ``chosen`` reads what was ticked."""
    with html.fieldset().classes("steps"):
        html.legend(legend)
        html.p(hint).classes("quiet")
        with html.div().classes("boxes"):
            for value, words in choices:
                on = {"checked": ""} if value in ticked else {}
                with html.label().classes("check"):
                    html.input_(name=f"{name}:{value}", type="checkbox", value="on", **on)
                    html.span(words)


def chosen(values: Values, name: str) -> list[str]:
    """What was ticked, in the order of the form."""
    prefix = f"{name}:"
    return [each.removeprefix(prefix) for each in values if each.startswith(prefix)]
