"""What a shop keeps: one record an order, customer, product or the like."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Kinds of record, by the name of their type in Shopify's schema."""

    ORDER = "Order"
    CUSTOMER = "Customer"
    PRODUCT = "Product"
    VARIANT = "ProductVariant"
    INVENTORY_ITEM = "InventoryItem"
    INVENTORY_LEVEL = "InventoryLevel"
    REFUND = "Refund"
    DISPUTE = "ShopifyPaymentsDispute"
    LOCATION = "Location"


class Verb(StrEnum):
    """What happened to a record."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its times in whole seconds, as Shopify's are, and its fields.

    ``body`` is keyed by the names of the schema's fields; an amount of money is its decimal text,
    another record its number, a connection a list.
    """

    kind: Kind
    number: int
    created_at: int
    updated_at: int
    processed_at: int
    parent: int | None
    body: dict[str, Any]

    @property
    def gid(self) -> str:
        """The global id."""
        return f"gid://shopify/{self.kind}/{self.number}"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of the shop; of a deleted record it holds what it was."""

    verb: Verb
    record: Record


def number_of(gid: str) -> int:
    """The number at the end of a global id, 0 for what is none."""
    tail = gid.rpartition("/")[2].partition("?")[0]
    return int(tail) if tail.isascii() and tail.isdigit() and len(tail) < 19 else 0


def timestamp(seconds: int) -> str:
    """A time as Shopify writes it: UTC, whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
