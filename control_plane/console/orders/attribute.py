"""Targeting attributes: declared, and never taken back."""

from bentos.contract.attributes import MAX_STRING_BYTES, AttributeType
from bentos.contract.register import Action
from control_plane.console.desk import Desk
from control_plane.console.elements.deed import Deed, ask_deed
from control_plane.console.elements.field import choice_field, text_field
from control_plane.console.seat import Attempt
from control_plane.principal import Permission
from control_plane.registry import service

TYPES = {
    AttributeType.STRING: f"string: a text of up to {MAX_STRING_BYTES:,} bytes",
    AttributeType.NUMBER: "number",
    AttributeType.BOOLEAN: "boolean: true or false",
}


async def ask_declare(desk: Desk) -> None:
    """Declare one."""

    def fields() -> None:
        hint = "As callers send it, e.g. country."
        most = str(service.MAX_ATTRIBUTE_NAME)
        text_field("name", "Name", required=True, focus=True, hint=hint, maxlength=most)
        choice_field("type", "Type", [(each.value, words) for each, words in TYPES.items()])

    deed = Deed(
        title="Declare an attribute",
        confirm="Declare",
        attempt=Attempt(
            action=Action.ATTRIBUTE_DECLARE,
            entity="attributes",
            permission=Permission.ATTRIBUTES_DECLARE,
        ),
        read=lambda values: {values.text("name"): values.get("type", "")},
        change=service.declare_attributes,
        done="It is declared.",
        told=(
            "Callers may send it and releases may target by it, at once.",
            "It stays declared, and its type stays what it is.",
        ),
        fields=fields,
    )
    ask_deed(desk, deed)
