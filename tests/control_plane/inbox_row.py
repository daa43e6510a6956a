"""A row of an inbox, as a test wants it."""

import sqlite3


def put(inbox: sqlite3.Connection, table: str, **values: object) -> None:
    """Write it; columns that are not named take their defaults."""
    marks = ", ".join("?" * len(values))
    inbox.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
    )


def put_order(inbox: sqlite3.Connection, number: int, **values: object) -> None:
    """An order of one piece; its domain, shop and times are the test's."""
    plain = {"offset_s": 0, "amount": 1, "items": 1, "test": 0}
    put(inbox, "shop_order", id=number, **{**plain, **values})


def put_outcome(inbox: sqlite3.Connection, number: int, **values: object) -> None:
    """What became of an order, heard of under its own number."""
    plain = {"source": number, "order_id": number, "at_us": 1, "rank": 0}
    put(inbox, "outcome", **{**plain, **values})


def put_delivery(inbox: sqlite3.Connection, number: int, **values: object) -> None:
    """A delivery of one app, under a number."""
    put(inbox, "delivery", client_id="app", webhook_id=str(number), **values)
