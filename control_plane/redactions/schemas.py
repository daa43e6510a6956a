"""Bodies of the redactions' endpoints."""

from pydantic import Field

from control_plane.body import Body


class RedactionIn(Body):
    """Somebody asks the merchant directly. ``customers``: raw ids (a Shopify number or gid, or a
    mail address), of which pseudonyms alone are kept, and those until it is closed;
    ``order_numbers``: digits of Shopify's order ids. ``data_request``: nothing is erased, what is
    held is to be handed over."""

    customers: list[str] = Field(default_factory=list, max_length=100)
    subjects: list[str] = Field(default_factory=list, max_length=100)
    order_numbers: list[str] = Field(default_factory=list, max_length=500)
    data_request: bool = False
    shop: str | None = Field(default=None, min_length=1, max_length=200)
    reason: str = Field(min_length=1, max_length=1000)


class CloseIn(Body):
    """Why it ends: the merchant has the data; a law asks that they are kept."""

    reason: str = Field(min_length=1, max_length=1000)
