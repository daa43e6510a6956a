"""Kill and end a kill: the two buttons that come before every rule."""

from dataclasses import dataclass
from functools import partial

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.button import button
from control_plane.console.elements.deed import Deed, ask_deed, why
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import choice_field, reason_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.seat import Attempt
from control_plane.principal import Permission
from control_plane.releases import kills
from control_plane.releases.schemas import KillIn

FOREVER = ""
EXPIRIES = (
    (FOREVER, "until somebody ends it"),
    ("3600", "for an hour"),
    ("14400", "for four hours"),
    ("86400", "for a day"),
)


@dataclass(frozen=True)
class Killing:
    """What may be killed: a model, onto one of ``targets``; ``killed_to``: it is already."""

    model: str
    targets: tuple[str, ...]
    killed_to: str | None


def kill_buttons(desk: Desk, killing: Killing) -> None:
    """For whoever may kill."""
    if killing.killed_to is not None:
        button(
            "End the kill…",
            partial(_ask_end, desk, killing),
            kind="stop",
            drawing="right",
            key=f"{killing.model}-unkill",
            label=f"End the kill of {killing.model}",
        )
    if killing.targets:
        button(
            "Kill…" if killing.killed_to is None else "Kill onto another version…",
            partial(_ask_kill, desk, killing),
            kind="stop",
            drawing="killed",
            key=f"{killing.model}-kill",
            label=f"Kill {killing.model}",
        )


async def _ask_kill(desk: Desk, killing: Killing) -> None:
    told = (
        f"Every call of {killing.model} goes to one version, at once, in all gateways.",
        "Canary and shadow stop; an open release is paused at 0 %.",
        "It never resumes by itself: ending the kill brings no traffic back.",
        "It opens a review, which somebody else has to answer.",
    )

    def fields() -> None:
        choices = [(version, version) for version in killing.targets]
        hint = "Versions that were promoted before and are not retired."
        choice_field("version", "Force onto", choices, hint=hint)
        choice_field("expires_in_s", "Holds", EXPIRIES)
        reason_field("Goes into the register. Say what you saw.")

    async def submit(values: Values) -> str:
        expires = values.get("expires_in_s", FOREVER)
        body = KillIn(
            model=killing.model,
            version=values.get("version", ""),
            reason=values.text("reason"),
            expires_in_s=float(expires) if expires else None,
        )
        attempt = Attempt(action=Action.KILL_SET, entity="kills", permission=Permission.KILL)
        await desk.write(
            attempt,
            lambda session, who: (
                kills.set_kill(
                    session, who, body.model, body.version, body.reason, body.expires_in_s
                ).id
            ),
        )
        return f"{killing.model} is killed: every call goes to {body.version}."

    question = Question(
        title=f"Kill: {killing.model}",
        confirm="Kill now",
        told=told,
        fields=fields,
        submit=submit,
        kind="primary stop",
    )
    ask(desk, question)


async def _ask_end(desk: Desk, killing: Killing) -> None:
    model = killing.model
    deed = Deed(
        title=f"End the kill: {model}",
        confirm="End the kill",
        told=(
            f"The published routes of {model} count again.",
            "Its release stays paused at 0 % until somebody resumes it.",
        ),
        fields=reason_field,
        attempt=Attempt(
            action=Action.KILL_CLEAR, entity=f"kill:{model}", permission=Permission.KILL
        ),
        read=why,
        change=lambda session, who, reason: kills.clear_kill(session, who, model, reason),
        done=f"The kill of {model} is over.",
        kind="primary stop",
    )
    ask_deed(desk, deed)
