"""What goes wrong with webhooks on purpose: shares of all deliveries, set while it runs."""

from dataclasses import dataclass, fields
from typing import Any


@dataclass
class WebhookFaults:
    """Shares are 0…1 of what is delivered; seconds are the clock's."""

    dropped: float = 0.0
    "Never sent: Shopify does not guarantee delivery."
    duplicated: float = 0.0
    "Sent once more, with the same webhook id, up to ``duplicate_within_s`` later."
    duplicate_within_s: float = 30.0
    forged: float = 0.0
    "Joined by another delivery with an id of its own and a wrong signature."
    reorder_within_s: float = 0.0
    "Each is held back for up to so long."
    old_secret: bool = False
    "Signed with the secret before the current one, as for up to an hour after a rotation."

    def change(self, wanted: dict[str, Any]) -> None:
        """Take over known settings; ValueError names what is not one."""
        known = {each.name for each in fields(self)}
        if unknown := sorted(set(wanted) - known):
            raise ValueError(f"webhooks: expected of {sorted(known)}, got {unknown}")
        for name, value in wanted.items():
            setattr(self, name, type(getattr(self, name))(value))
