"""Customers whose rows are taken out before anything is made of them."""

import msgspec


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """How many customers with how many rows were taken out."""

    customers: int = 0
    lines: int = 0
