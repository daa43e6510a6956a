"""An inbox out of a backup, without everybody who was erased after it was made.

The lake's records know them by digests alone. They stay known as erased, so that no late
delivery and no reconcile job tells of them again; what they ordered afterwards is theirs to keep.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.contract.redaction import (
    RedactionRecord,
    order_digest,
    order_secret,
    subject_digest,
    until_us,
)
from control_plane.consents.exclusions import KEY_FILE
from control_plane.shopify import erased_rows
from control_plane.shopify.erased import whole_shop
from control_plane.shopify.erased_rows import Found, Mention, of_customer
from control_plane.shopify.inbox import open_inbox, transaction

REMEMBER = (
    "INSERT INTO erased VALUES (?, ?) ON CONFLICT (name) DO UPDATE"
    " SET before_us = max(before_us, excluded.before_us)"
)
NAMED = (
    "SELECT domain, shop FROM shop_order UNION SELECT domain, shop FROM delivery"
    " UNION SELECT domain, shop FROM compliance_request"
)


def leave_out_erased(inbox: Path, lake: Path, keys: Path) -> None:
    """Raises ContractError for a damaged record of the lake, and where the key is needed that
    orders and shops are digested with, and is not there."""
    records = [redaction_files.read_record(path) for path in redaction_files.record_files(lake)]
    if not records:
        return
    for suffix in ("-wal", "-shm"):
        # Of a restore that was killed here: it is not this file's.
        inbox.with_name(f"{inbox.name}{suffix}").unlink(missing_ok=True)
    with closing(open_inbox(inbox)) as connection:
        with transaction(connection):
            _take_out(connection, records, keys)
        connection.execute("VACUUM")
        # One file, as the backup's was.
        connection.execute("PRAGMA journal_mode = DELETE")


def _take_out(inbox: sqlite3.Connection, records: list[RedactionRecord], keys: Path) -> None:
    until = _latest((name, until_us(each)) for each in records for name in each.subjects_sha256)
    shops = _latest((each.shop, until_us(each)) for each in records if each.shop)
    keyed = frozenset(name for record in records for name in record.orders_keyed)
    guessable = frozenset(name for record in records for name in record.orders_sha256)
    who = _Who(until, keyed, guessable, _Secrets(keys))
    found = Found(frozenset())
    for domain, names in _shops_of(inbox, shops).items():
        mentions = list(erased_rows.mentions(inbox, domain))
        before = max((shops.get(shop, -1) for shop in names), default=-1)
        found.orders[domain] = _theirs(who, mentions, names, before)
        if before >= 0:
            erased_rows.of_shop_until(inbox, domain, before)
    of_customer(inbox, found)
    whole = [(who.secrets.whole(shop), before) for shop, before in shops.items()]
    known = [*until.items(), *whole, *((each, 0) for each in sorted(keyed))]
    inbox.executemany(REMEMBER, known)


def _theirs(who: "_Who", mentions: list[Mention], names: set[str], before: int) -> set[int]:
    """Numbers of orders of whoever was erased. Of a shop that was erased whole, what became of an
    order stays only where the order itself is known to be newer."""
    newer = {each.number for each in mentions if (each.created_us or -1) > before}
    return {
        each.number
        for each in mentions
        if who.covers(each, names, before) or (before >= 0 and each.number not in newer)
    }


def _shops_of(inbox: sqlite3.Connection, erased: Iterable[str]) -> dict[str, set[str]]:
    """Domain → the shops it is known as; one that nothing names may be any of them."""
    found: dict[str, set[str]] = {domain: set() for domain in erased_rows.every_domain(inbox)}
    for row in inbox.execute(NAMED):
        found[row["domain"]].add(row["shop"])
    known = set(erased).union(*found.values())
    return {domain: names or known for domain, names in found.items()}


def _latest(moments: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Name → the latest moment told of it."""
    return dict(sorted(moments, key=lambda each: each[1]))


@dataclass(frozen=True)
class _Who:
    """``until``: digest of a person → the moment until which their orders go; digests of orders,
    under a shop's secret or without one."""

    until: dict[str, int]
    keyed: frozenset[str]
    guessable: frozenset[str]
    secrets: "_Secrets"

    def covers(self, order: Mention, shops: set[str], before: int) -> bool:
        """Whether an order of these shops goes; ``before``: until when everything does."""
        asked = self.until.get(subject_digest(order.customer or ""), -1)
        if order.created_us is not None and order.created_us <= max(asked, before):
            return True
        number = str(order.number)
        return subject_digest(number) in self.guessable or (
            bool(self.keyed)
            and any(order_digest(self.secrets.of(shop), number) in self.keyed for shop in shops)
        )


class _Secrets:
    """With what orders are digested, by their shop; and the shop itself."""

    def __init__(self, keys: Path) -> None:
        self._file = keys / KEY_FILE
        self._known: dict[str, str] = {}

    def of(self, shop: str) -> str:
        """The shop's."""
        if shop not in self._known:
            self._known[shop] = order_secret(self._pseudonyms(), shop)
        return self._known[shop]

    def whole(self, shop: str) -> str:
        """How the ingress remembers that it was erased whole."""
        return whole_shop(partial(self._pseudonyms().pseudonym, shop))

    def _pseudonyms(self) -> Pseudonymizer:
        hint = "Put the home's keys back first: without this one nobody knows whom to leave out."
        try:
            key = bytes.fromhex(self._file.read_text("ascii").strip())
        except (OSError, ValueError) as error:
            # Whatever is in the file, it is not repeated.
            raise ContractError(
                str(self._file), "the pseudonym key, in hex", type(error).__name__, hint
            ) from None
        return Pseudonymizer("", key)
