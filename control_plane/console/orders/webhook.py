"""Webhooks: subscribed, tried, switched off and on, and what did not arrive sent again."""

from typing import Any

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.deed import Deed, ask_deed
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import area_field, choice_field, reason_field, text_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.orders.key import DAY_S, OVERLAPS
from control_plane.console.orders.secret import show_secret
from control_plane.console.seat import Attempt
from control_plane.principal import Permission
from control_plane.webhooks import deliveries, service
from control_plane.webhooks.schemas import DisableIn, WebhookIn

Row = dict[str, Any]
SIGNS = "Requests are signed with it, as Standard Webhooks says."


async def ask_webhook(desk: Desk) -> None:
    """Subscribe an address."""

    def fields() -> None:
        text_field("name", "Name", required=True, focus=True, maxlength="100")
        text_field("url", "Address", required=True, placeholder="https://deploys.example/hooks")
        hint = "One a line: kill.set, release.* for a group, or * for everything."
        area_field("events", "Events", value="release.*", hint=hint)

    async def submit(values: Values) -> str:
        body = WebhookIn(
            name=values.text("name"),
            url=values.text("url"),
            events=values.get("events", "").split(),
        )
        webhooks = desk.parts.webhooks
        made = await desk.write(
            _attempt(Action.WEBHOOK_CREATE, "webhooks"),
            lambda session, who: service.create_webhook(
                session, who, webhooks.seal, webhooks.plan.policy, body.model_dump()
            ),
        )
        show_secret(desk, "The webhook's secret", made.secret, SIGNS)
        return f"{body.name} is told from the next event on."

    ask(desk, Question(title="New webhook", confirm="Subscribe", fields=fields, submit=submit))


async def send_test(desk: Desk, row: Row) -> None:
    """Send a test message."""
    await desk.write(
        _attempt(Action.WEBHOOK_TEST, f"webhook:{row['id']}"),
        lambda session, who: service.send_test(session, who, row["id"]).id,
    )
    desk.say(f"A test message to {row['name']} is on its way.")


async def ask_rotate_secret(desk: Desk, row: Row) -> None:
    """A new secret; the old one signs too for a while."""

    async def submit(values: Values) -> str:
        overlap_s = int(values.get("overlap", str(DAY_S)))
        made = await desk.write(
            _attempt(Action.WEBHOOK_ROTATE, f"webhook:{row['id']}"),
            lambda session, who: service.rotate_secret(
                session, who, desk.parts.webhooks.seal, row["id"], overlap_s
            ),
        )
        show_secret(desk, "The webhook's secret", made.secret, SIGNS)
        return f"{row['name']} has a new secret."

    question = Question(
        title=f"Rotate the secret: {row['name']}",
        confirm="Make its successor",
        fields=lambda: choice_field("overlap", "The old secret signs too", OVERLAPS),
        submit=submit,
    )
    ask(desk, question)


async def ask_disable_webhook(desk: Desk, row: Row) -> None:
    """Send nothing more."""
    deed = Deed(
        title=f"Switch off: {row['name']}",
        confirm="Switch off",
        told=("Nothing more is sent; what waits becomes dead letters.",),
        fields=reason_field,
        attempt=_attempt(Action.WEBHOOK_DISABLE, f"webhook:{row['id']}"),
        read=lambda values: DisableIn(reason=values.text("reason")),
        change=lambda session, who, body: service.disable_webhook(
            session, who, row["id"], body.reason
        ),
        done=f"{row['name']} is switched off.",
        kind="primary stop",
    )
    ask_deed(desk, deed)


async def enable(desk: Desk, row: Row) -> None:
    """Send again, from the next event on."""
    await desk.write(
        _attempt(Action.WEBHOOK_ENABLE, f"webhook:{row['id']}"),
        lambda session, who: service.enable_webhook(session, who, row["id"]).id,
    )
    desk.say(f"{row['name']} is told from the next event on.")


async def redeliver(desk: Desk, letter: Row) -> None:
    """Send one dead letter again."""
    await desk.write(
        _attempt(Action.WEBHOOK_REDELIVER, f"webhook_delivery:{letter['id']}"),
        lambda session, who: deliveries.redeliver(session, who, letter["id"])["id"],
    )
    desk.say("It is on its way again.")


def _attempt(action: Action, entity: str) -> Attempt:
    return Attempt(action=action, entity=entity, permission=Permission.WEBHOOKS)
