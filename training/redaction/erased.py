"""What never comes back: what was erased may lie in an order file still, or in the shop.

The records of redactions keep digests of the pseudonyms and order numbers. Rows they fit are left
out wherever orders come in: the merchant's file that still holds them, a bulk result read again.
What somebody orders after they asked to be erased is new, and taken in; so does the ingress.
"""
# ruff: noqa: S608 - names of tables and columns are ours

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bentos import redaction_files
from bentos.contract import canonical
from bentos.contract.identity import Pseudonymizer
from bentos.contract.redaction import (
    RedactionRequest,
    moment_us,
    order_digest,
    order_secret,
    subject_digest,
    until_us,
)
from training.pseudonyms import KEY_FILE, load_key
from training.redaction import waiting
from training.settings import Settings

if TYPE_CHECKING:
    import duckdb


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """``subjects``: digest of a pseudonym → µs since 1970 until which what they ordered stays out.
    ``orders``: digests of order numbers (``order_digest``); ``guessable``: those of records of
    earlier releases, which are made without a secret. ``shops``: those that were erased whole →
    likewise."""

    subjects: dict[str, int] = {}
    orders: tuple[str, ...] = ()
    guessable: tuple[str, ...] = ()
    shops: dict[str, int] = {}

    @property
    def digest(self) -> str:
        """Equal for the same people and orders."""
        return canonical.digest(msgspec.to_builtins(self))

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self.subjects or self.orders or self.guessable or self.shops)


class Gone(msgspec.Struct, frozen=True, kw_only=True):
    """Who was erased, and the secret (``order_secret``) that tells which orders were. Of ``shop``
    nothing placed until ``shop_until_us`` comes in again; "": the orders are no shop's."""

    erased: Erased = Erased()
    secret: str = ""
    shop: str = ""

    @property
    def shop_until_us(self) -> int:
        """µs since 1970; 0 where the shop was not erased whole."""
        return self.erased.shops.get(self.shop, 0)

    def __bool__(self) -> bool:
        """Whether there is anybody."""
        return bool(self.erased)


def load(lake: Path) -> Erased:
    """All who were erased from a lake; raises ContractError for a record that is none."""
    records = [redaction_files.read_record(path) for path in redaction_files.record_files(lake)]
    until: dict[str, int] = {}
    shops: dict[str, int] = {}
    for record in records:
        for name in record.subjects_sha256:
            until[name] = max(until_us(record), until.get(name, 0))
        if record.shop:
            shops[record.shop] = max(until_us(record), shops.get(record.shop, 0))
    return Erased(
        subjects=dict(sorted(until.items())),
        shops=dict(sorted(shops.items())),
        orders=tuple(sorted({name for each in records for name in each.orders_keyed})),
        guessable=tuple(sorted({name for each in records for name in each.orders_sha256})),
    )


def gone_from(settings: Settings, *, own_data: bool = True) -> Gone:
    """Who was erased from a home's lake, or asked for it and waits. The secret is of the home's
    own key, whichever key an order file is read with; without anybody no key is made.

    ``own_data``: orders of the shop itself. Public ones stay when it is erased whole. Raises
    ContractError while it waits for that.
    """
    asked = waiting.requests(settings.home)
    if own_data:
        waiting.check_shop(settings.home, settings.shop)
    if not (asked or redaction_files.record_files(settings.lake)):
        return Gone()
    who = gone(settings.lake, load_key(settings.keys / KEY_FILE), settings.shop)
    who = _with(who, asked, settings.shop)
    return who if own_data else msgspec.structs.replace(who, shop="")


def recorded(settings: Settings) -> Gone:
    """Who was erased from a home's lake, by the records of that alone."""
    if not redaction_files.record_files(settings.lake):
        return Gone()
    return gone(settings.lake, load_key(settings.keys / KEY_FILE), settings.shop)


def _with(who: Gone, asked: list[RedactionRequest], shop: str) -> Gone:
    """And whoever asked for it, as their redaction's record will name them."""
    subjects, orders = dict(who.erased.subjects), {*who.erased.orders}
    for request in asked:
        until = moment_us(request.requested_at)
        for name in map(subject_digest, request.subjects):
            subjects[name] = max(until, subjects.get(name, 0))
        if request.shop == shop:
            orders |= {order_digest(who.secret, number) for number in request.order_numbers}
    erased = msgspec.structs.replace(
        who.erased, subjects=dict(sorted(subjects.items())), orders=tuple(sorted(orders))
    )
    return msgspec.structs.replace(who, erased=erased)


def gone(lake: Path, key: Pseudonymizer, shop: str) -> Gone:
    """The same, for whoever has the home's key."""
    return Gone(erased=load(lake), secret=order_secret(key, shop), shop=shop)


def without(connection: "duckdb.DuckDBPyConnection", who: Gone, query: str) -> str:
    """A query of order lines (``customer``, a pseudonym, ``order_id``, ``ordered_at``) without
    theirs."""
    if not who:
        return query
    name(connection, who)
    of_shop = ""
    if who.shop_until_us:
        # A line without a time is none that can be used: it is refused further on.
        of_shop = f"AND coalesce(epoch_us(line.ordered_at) > {who.shop_until_us}, true)"
    return f"""
        SELECT * FROM ({query}) AS line WHERE NOT EXISTS (
            SELECT 1 FROM erased_subjects WHERE digest = sha256(line.customer)
            AND coalesce(epoch_us(line.ordered_at), 0) <= until_us
        ) AND NOT {is_erased_order("order_id")} {of_shop}"""


def is_erased_order(column: str) -> str:
    """The condition that a column names an order that was erased; never null."""
    number = f"CAST({column} AS VARCHAR)"
    return (
        f"(coalesce(sha256((SELECT secret FROM erased_secret) || {number}) IN "
        "(SELECT digest FROM erased_orders), false) OR "
        f"coalesce(sha256({number}) IN (SELECT digest FROM guessable_orders), false))"
    )


def fits(table: str, column: str) -> str:
    """The condition that a column names an order that was erased; each value is digested once."""
    return (
        f"{column} IN (SELECT {column} FROM (SELECT DISTINCT {column} FROM {table}) "
        f"WHERE {is_erased_order(column)})"
    )


def delete(connection: "duckdb.DuckDBPyConnection", table: str, test: str) -> int:
    """Delete rows; how many there were."""
    return int(connection.execute(f"DELETE FROM {table} WHERE {test}").fetchall()[0][0])


def name(connection: "duckdb.DuckDBPyConnection", who: Gone) -> None:
    """Make the digests known to a connection, for ``fits``."""
    erased = who.erased
    for table, digests in (
        ("erased_orders", erased.orders),
        ("guessable_orders", erased.guessable),
    ):
        connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {table} AS "
            "SELECT unnest(CAST(? AS VARCHAR[])) AS digest",
            [list(digests)],
        )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE erased_subjects AS SELECT "
        "unnest(CAST(? AS VARCHAR[])) AS digest, unnest(CAST(? AS BIGINT[])) AS until_us",
        [list(erased.subjects), list(erased.subjects.values())],
    )
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE erased_secret AS SELECT CAST(? AS VARCHAR) AS secret",
        [who.secret],
    )
