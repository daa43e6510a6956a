"""Bodies of the consents' endpoints."""

from typing import Annotated

from pydantic import Field

from bentos.contract.training_consent import MAX_TEXT_VERSION
from control_plane.body import Body

MOST_AT_ONCE = 1000
Shop = Annotated[str | None, Field(default=None, min_length=1, max_length=200)]
Reason = Annotated[str, Field(min_length=1, max_length=1000)]
Ticket = Annotated[str | None, Field(default=None, max_length=100)]


class ConsentIn(Body):
    """A consent as the merchant gave it in writing.

    ``given_by``: who of the merchant's, with their office; ``document``: the writing it stands
    in and where that is kept; ``text_digest``: SHA-256 hex of the text agreed to. ``given_at``
    defaults to now, ``shop`` to the installation's. ``id``: the one it has already, from a machine
    that recorded it for itself.
    """

    id: str | None = Field(default=None, pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
    purpose: str = Field(max_length=40)
    use: str = Field(max_length=40)
    text_version: str = Field(min_length=1, max_length=MAX_TEXT_VERSION)
    text_digest: str = Field(max_length=64)
    given_by: str = Field(min_length=1, max_length=200)
    given_at: str | None = Field(default=None, max_length=40)
    document: str = Field(min_length=1, max_length=500)
    shop: Shop
    ticket: Ticket


class WithdrawIn(Body):
    """Why, or by which writing."""

    reason: Reason
    ticket: Ticket


class ExclusionIn(Body):
    """Whom this is about: ``subjects`` are pseudonyms, ``customers`` raw ids (a Shopify number or
    gid, or an e-mail address), of which the pseudonym alone is kept. ``kind``: ``excluded``,
    ``data_sale`` or ``automated_decision``."""

    kind: str = Field(max_length=40)
    subjects: list[str] = Field(default_factory=list, max_length=MOST_AT_ONCE)
    customers: list[str] = Field(default_factory=list, max_length=MOST_AT_ONCE)
    reason: Reason
    shop: Shop
    ticket: Ticket
