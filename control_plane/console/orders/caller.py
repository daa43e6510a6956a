"""Keys of those who call the gateway: made, shown once, revoked."""

from collections.abc import Sequence

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.callers import service
from control_plane.callers.schemas import CallerIn
from control_plane.callers.service import ALL_MODELS, BROWSER, SCOPES, CallerOrder
from control_plane.console.desk import Desk
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.deed import Deed, ask_deed, no_words
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import area_field, choice_field, text_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.orders.key import FOREVER, LASTING, expiry
from control_plane.console.orders.secret import show_secret
from control_plane.console.seat import Attempt
from control_plane.principal import Permission

SCOPE_WORDS = {
    "infer": "infer: ask for predictions",
    "pin": "pin: ask one version, past the route",
    BROWSER: "browser: a publishable key, for a theme",
}


async def ask_caller(desk: Desk, models: Sequence[str]) -> None:
    """Add a caller."""

    def fields() -> None:
        hint = "Who calls, e.g. checkout. It stands in every decision."
        text_field("name", "Name", required=True, focus=True, hint=hint, maxlength="200")
        named = [(each, each) for each in models]
        hint = "None ticked: all, also those to come. A publishable key names public models only."
        choices_field("model", "May ask for", named, hint=hint)
        words = [(each, SCOPE_WORDS.get(each, each)) for each in SCOPES]
        hint = "A publishable key has the scope browser and no other."
        choices_field("scope", "May do", words, ticked=("infer",), hint=hint)
        hint = "Requests per second; empty: no limit. A publishable key needs one."
        text_field("rate", "At most", kind="number", hint=hint, min="1", max="1000000")
        choice_field("lasts", "Good", LASTING, value=FOREVER)
        hint = "For a publishable key: one a line, e.g. https://shop.example"
        area_field("origins", "Web pages it is for", hint=hint)

    async def submit(values: Values) -> str:
        body = CallerIn(
            name=values.text("name"),
            models=chosen(values, "model") or [ALL_MODELS],
            scopes=chosen(values, "scope"),
            rate=rate_given(values.get("rate", "")),
            expires_at=expiry(values),
            origins=values.get("origins", "").split() or None,
        )
        members = body.model_dump() | {"shop": body.shop or desk.parts.settings.shop}
        attempt = Attempt(
            action=Action.CALLER_KEY_CREATE, entity="callers", permission=Permission.CALLERS
        )
        order = CallerOrder(**members)
        key = await desk.write(
            attempt, lambda session, who: service.create_caller(session, who, order)[1]
        )
        show_secret(desk, "The new caller's key", key.text, "Send it as Authorization: Bearer …")
        return f"{body.name} may call. Gateways know the key within a second."

    ask(desk, Question(title="New caller", confirm="Make the key", fields=fields, submit=submit))


async def ask_revoke_caller(desk: Desk, caller_id: str, name: str) -> None:
    """End a caller's key."""
    deed = Deed(
        title=f"Revoke: {name}",
        confirm="Revoke now",
        told=(
            f"Every call of {name} is refused from now on, in all gateways.",
            "It cannot be taken back: a new caller gets a new key.",
        ),
        attempt=Attempt(
            action=Action.CALLER_KEY_REVOKE,
            entity=f"caller:{caller_id}",
            permission=Permission.CALLERS,
        ),
        read=no_words,
        change=lambda session, who, _: service.revoke_caller(session, who, caller_id),
        done=f"{name} may call no more.",
        kind="primary stop",
    )
    ask_deed(desk, deed)


def rate_given(text: str) -> int | None:
    """Requests per second as a field holds them; None: no limit. Raises ContractError."""
    if not text.strip():
        return None
    try:
        return int(text)
    except ValueError as error:
        raise ContractError("rate", "a whole number of requests per second", text) from error
