"""Single values of Shopify's nodes as the canonical tables hold them; what is none is refused.

Pure. What is wrong is told by its form, never quoted: it may name somebody.
"""

import re
from datetime import UTC, datetime
from typing import overload

from training.shop import nodes
from training.shop.errors import Unreadable

CODE = re.compile("[A-Z][A-Z0-9_]{0,39}")
COUNTRY = re.compile("[A-Z]{2}")
CURRENCY = re.compile("[A-Z]{3}")
AMOUNT = re.compile(r"-?[0-9]{1,13}(\.[0-9]{1,9})?")
LETTER = re.compile("[A-Z0-9]")
GID = re.compile(r"gid://shopify/(?P<kind>[A-Za-z]{1,60})/(?P<number>[0-9]{1,18})(?:\?\S{0,200})?")
SOURCES = {"web": "web", "pos": "pos", "shopify_draft_order": "draft"}


def gid(text: str) -> tuple[str, int]:
    """Kind and number of a global id; raises Unreadable."""
    found = GID.fullmatch(text)
    if found is None:
        raise Unreadable("id", "gid://shopify/KIND/NUMBER", f"{len(text)} other characters")
    return found["kind"], int(found["number"])


def parent(text: str | None, kind: str) -> int:
    """The number in a child's ``__parentId``; raises Unreadable where it is none of that kind."""
    if text is None:
        raise Unreadable("__parentId", f"a gid of {kind}", "none")
    found, numbered = gid(text)
    if found != kind:
        raise Unreadable("__parentId", f"a gid of {kind}", found)
    return numbered


def number(node: nodes.Identified | None) -> int | None:
    """A node's number."""
    return gid(node.id)[1] if node else None


def amount(money: nodes.ShopMoney | None) -> str | None:
    """In the shop's money; raises Unreadable."""
    return decimal(money.shop_money.amount) if money else None


def decimal(text: str | None) -> str | None:
    """As it came, once it is a decimal number; raises Unreadable."""
    if text is not None and AMOUNT.fullmatch(text) is None:
        raise Unreadable("amount", "a decimal number", f"{len(text)} other characters")
    return text


def country(address: nodes.Address | None) -> str | None:
    """Of an address, its country alone."""
    return code(address.country_code_v2 if address else None, COUNTRY)


def code(value: str | None, form: re.Pattern[str] = CODE) -> str | None:
    """The value where it has the form of a code; free text must not get in by this way."""
    return value if value is not None and form.fullmatch(value) else None


def source(name: str | None) -> str | None:
    """Where an order came from: one of few words."""
    if name is None:
        return None
    return SOURCES.get(name, "app" if name.isdecimal() else "other")


@overload
def utc(moment: datetime) -> datetime: ...
@overload
def utc(moment: datetime | None) -> datetime | None: ...
def utc(moment: datetime | None) -> datetime | None:
    """As DuckDB keeps times here: in UTC, without a zone."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise Unreadable("time", "a time with its zone", "one without")
    return moment.astimezone(UTC).replace(tzinfo=None)
