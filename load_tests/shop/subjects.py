"""The shoppers of the redaction drill: everything that names one of them, in every written form.

Their numbers have fourteen digits and their texts occur nowhere else, so that what is found is
theirs.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field

from bentos.contract.identity import Pseudonymizer

FIRST_CUSTOMER, FIRST_ORDER = 71_305_000_000_019, 52_408_000_000_037
APART = 1_000_003
"Between two numbers, so that none is the beginning of another."
NUMBER_BYTES = 6
"What SQLite takes for numbers of this size; a wider one begins or ends with zeros."
DAY = 86_400
DAYS_AGO = (40, 30, 20, 0)
CUSTOMER, EMAIL, PHONE, KEY = "customer", "email", "phone", "targeting_key"


@dataclass(frozen=True)
class Subject:
    """``moments``: when each order was placed, in seconds since 1970, like no other's; a dataset
    without names tells them by that. ``names``: what a part of the system calls them by → that
    text. ``secrets`` may lie on a disk at no time."""

    number: int
    orders: tuple[int, ...]
    moments: tuple[int, ...]
    email: str
    phone: str
    name: str
    note: str
    browser: str
    names: dict[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> dict[str, str]:
        """What pseudonyms stand for, and what a shopper typed."""
        gid = f"gid://shopify/Customer/{self.number}"
        raw = {"number": str(self.number), "gid": gid, "email": self.email, "phone": self.phone}
        return raw | {"name": self.name, "note": self.note, "browser": self.browser}

    def texts(self) -> dict[str, str]:
        """Whatever is looked for → what it is."""
        orders = {str(number): "order" for number in self.orders}
        orders |= {f"{moment}000000": "moment" for moment in self.moments}
        names = {text: kind for kind, text in self.names.items()}
        return orders | names | {text: f"raw {kind}" for kind, text in self.secrets.items()}

    def binary(self) -> Iterator[tuple[str, bytes]]:
        """A text that is looked for, and bytes that say the same."""
        for number in (self.number, *self.orders):
            for order in ("big", "little"):
                yield str(number), number.to_bytes(NUMBER_BYTES, order)
        for pseudonym in self.names.values():
            # 26 characters are 130 bits: the first 128 of them are the digest's first 16 bytes.
            yield pseudonym, base64.b32decode(pseudonym + "A" * 6)[:16]


def subjects(count: int, shop: str, key: bytes, now: int) -> list[Subject]:
    """So many of them, who bought within the weeks before ``now`` (seconds since 1970)."""
    pseudonyms = Pseudonymizer("", key)
    return [_subject(place, shop, pseudonyms, now) for place in range(count)]


def _subject(place: int, shop: str, pseudonyms: Pseudonymizer, now: int) -> Subject:
    number = FIRST_CUSTOMER + place * APART
    email, phone = f"planted.shopper.{number}x@example.com", f"+4479{number}"
    browser = f"browser-{place:04d}-{number * 7919:x}"

    def name(kind: str, raw: str) -> str:
        return pseudonyms.pseudonym(shop, kind, raw)

    customer = name(CUSTOMER, str(number))
    return Subject(
        number=number,
        orders=tuple(FIRST_ORDER + (4 * place + each) * APART for each in range(len(DAYS_AGO))),
        moments=tuple(now - days * DAY - 61 * place - 60 for days in DAYS_AGO),
        email=email,
        phone=phone,
        name=f"Planted Zyx{number}wv",
        note=f"plantednote{number}qu",
        browser=browser,
        names={
            "customer": customer,
            "customer by mail": name(CUSTOMER, email),
            "customer as key": name(KEY, customer),
            "browser as key": name(KEY, browser),
            "mail": name(EMAIL, email),
            "phone": name(PHONE, phone),
        },
    )
