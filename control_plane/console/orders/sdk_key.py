"""Keys with which outsiders' GrowthBook and OpenFeature SDKs read routes."""

from collections.abc import Sequence

from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.deed import Deed, ask_deed, no_words
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import choice_field, text_field
from control_plane.console.elements.form import Question, Values
from control_plane.console.orders.secret import show_secret
from control_plane.console.seat import Attempt
from control_plane.growthbook import service
from control_plane.growthbook.schemas import SdkKeyIn
from control_plane.principal import Permission

KINDS = (
    ("public", "public: it may lie readable in a theme"),
    ("server", "server: it stays on a server"),
)


async def ask_sdk_key(desk: Desk, models: Sequence[tuple[str, str]]) -> None:
    """A key for an SDK; ``models``: names and words."""

    def fields() -> None:
        hint = "Whose SDK reads with it, e.g. storefront theme."
        text_field("name", "Name", required=True, focus=True, hint=hint, maxlength="200")
        choice_field("kind", "Kind", KINDS)
        hint = "A public key sees no model that is server only. A server key with none: all."
        choices_field("model", "May see", models, hint=hint)

    async def submit(values: Values) -> str:
        kind = values.get("kind", "")
        named = chosen(values, "model")
        body = SdkKeyIn.model_validate(
            {
                "name": values.text("name"),
                "kind": kind,
                "models": named or ([service.ALL_MODELS] if kind == service.SERVER else []),
            }
        )
        attempt = Attempt(
            action=Action.SDK_KEY_CREATE, entity="sdk_keys", permission=Permission.SDK_KEYS
        )
        key = await desk.write(
            attempt,
            lambda session, who: service.create_sdk_key(
                session, who, body.name, body.kind, body.models
            )[1],
        )
        show_secret(desk, "The new SDK key", key, "It is the client key: /api/features/KEY")
        return f"{body.name} may read."

    ask(desk, Question(title="New SDK key", confirm="Make the key", fields=fields, submit=submit))


async def ask_revoke_sdk_key(desk: Desk, key_id: str, name: str) -> None:
    """End an SDK key."""
    deed = Deed(
        title=f"Revoke: {name}",
        confirm="Revoke now",
        told=(
            f"SDKs of {name} keep what they have and learn of no change any more.",
            "Their open streams end. It cannot be taken back.",
        ),
        attempt=Attempt(
            action=Action.SDK_KEY_REVOKE,
            entity=f"sdk_key:{key_id}",
            permission=Permission.SDK_KEYS,
        ),
        read=no_words,
        change=lambda session, who, _: service.revoke_sdk_key(session, who, key_id),
        done=f"{name} may read no more.",
        kind="primary stop",
    )
    ask_deed(desk, deed)
