"""The steps of a plan as people fill them in: a weight, and what it asks before going on."""

from typing import Any

from nicegui import html

from bentos.contract.errors import ContractError
from bentos.contract.route import BUCKETS
from control_plane.console.content_words import HOUR_S
from control_plane.console.elements.field import INITIAL
from control_plane.console.elements.form import Values

USUAL = ({"weight": 0.05}, {"weight": 0.25}, {"weight": 0.5})
SPARE = 2
HEADS = (
    "Share of visitors, %",
    "Hold for, hours",
    "At least so many visitors",
    "A second person looks",
)


def plan_fields(release: dict[str, Any]) -> None:
    """The steps of ``release``, or of a usual plan, and some empty ones."""
    steps = [*(release.get("plan") or USUAL), *({} for _ in range(SPARE))]
    with html.fieldset().classes("steps"):
        html.legend("Steps")
        html.p(
            "In rising order; empty ones do not count. What a step asks for must be met before "
            "the canary may leave it upwards. A model's first version needs no steps."
        ).classes("quiet")
        with html.div(**{"aria-hidden": "true"}).classes("step heads"):
            for head in HEADS:
                html.span(head)
        for index, step in enumerate(steps):
            with html.div(role="group", **{"aria-label": f"Step {index + 1}"}).classes("step"):
                _fields(index, step)


def _fields(index: int, step: dict[str, Any]) -> None:
    weight = f"{round(step['weight'] * BUCKETS) * 100 / BUCKETS:g}" if step else ""
    hold = f"{step['hold_s'] / HOUR_S:g}" if step.get("hold_s") else ""
    sample = str(step["minimum_sample"]) if step.get("minimum_sample") else ""
    for name, head, value, most in (
        ("weight", HEADS[0], weight, "100"),
        ("hold", HEADS[1], hold, "2160"),
        ("sample", HEADS[2], sample, "1000000000"),
    ):
        with html.label():
            html.span(head).classes("step-label")
            html.input_(
                name=f"{name}_{index}",
                type="number",
                min="0",
                max=most,
                step="any",
                **{INITIAL: value},
            ).classes("input")
    with html.label().classes("check"):
        on = {"checked": ""} if step.get("manual_gate") else {}
        html.input_(name=f"gate_{index}", type="checkbox", value="on", **on)
        html.span("Gate")


def steps_of_values(values: Values) -> list[dict[str, Any]]:
    """What was filled in, as the API takes it; raises ContractError naming the field."""
    numbers = sorted(int(n.removeprefix("weight_")) for n in values if n.startswith("weight_"))
    return [_step(values, number) for number in numbers if values[f"weight_{number}"].strip()]


def _step(values: Values, number: int) -> dict[str, Any]:
    field = f"steps[{number}]"
    weight = _number(values[f"weight_{number}"], f"{field}.weight")
    return {
        "weight": round(weight / 100, 6),
        "hold_s": round(_number(values.get(f"hold_{number}", ""), f"{field}.hold_s") * HOUR_S),
        "minimum_sample": round(
            _number(values.get(f"sample_{number}", ""), f"{field}.minimum_sample")
        ),
        "manual_gate": f"gate_{number}" in values,
    }


def _number(text: str, field: str) -> float:
    try:
        return float(text.strip() or 0)
    except ValueError as error:
        raise ContractError(field, "a number", text) from error
