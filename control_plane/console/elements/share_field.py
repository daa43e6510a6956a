"""A share of visitors, as a number of per cent."""

from nicegui import html

from bentos.contract.errors import ContractError
from bentos.contract.route import BUCKETS
from control_plane.console.elements.field import INITIAL


def share_field(buckets: int | None, hint: str) -> html.input_:
    """Draw it, with what is planned filled in; ``#preview`` is where its preview stands."""
    value = f"{buckets * 100 / BUCKETS:g}" if buckets is not None else ""
    with html.label().classes("field"):
        html.span("Share of visitors, in %").classes("label")
        number = html.input_(
            name="percent",
            type="number",
            min="0",
            max="100",
            step="0.01",
            required="",
            **{INITIAL: value, "aria-describedby": "preview"},
        ).classes("input")
        html.span(hint).classes("hint")
    return number


def weight_of(text: str) -> float:
    """A weight from 0 to 1; raises ContractError."""
    try:
        return float(text) / 100
    except ValueError as error:
        raise ContractError("share", "a number from 0 to 100", text) from error
