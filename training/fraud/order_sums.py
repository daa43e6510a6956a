"""What an order's lines come to: sums, and what was new or popular at its moment.

Every sum is one of whole numbers, so it is the same to the last bit in whatever order the lines
come and however many threads read them.
"""

from typing import Any

import msgspec
import numpy as np

from training.sales_arrays import pairs, starts_of

Array = np.ndarray[Any, Any]
# Money is summed in these, which a float holds exactly up to 2^53.
UNITS = 10_000
# Steps of a logarithm: 2^-32 is far below what a float32 shows, and orders of 100,000 lines fit.
STEPS = 2**32
NARROW = 2**16
KEY_BITS = 63


class SoldLines(msgspec.Struct, kw_only=True):
    """One element a line, in any order. ``order`` and ``product`` are places, dense from 0;
    ``price`` and ``listed`` are money.

    Summing up uses them up: of ten million lines, each column is 40 to 80 MB.
    """

    order: Any
    product: Any
    quantity: Any
    price: Any
    listed: Any


def order_sums(lines: SoldLines, customer: Array, moment: Array) -> dict[str, Array]:
    """Columns of one element an order; NaN where a share has nothing to be one of.

    ``customer`` (a number) and ``moment`` (µs): of each order; orders are sorted by moment.
    ``lines`` are sorted, and without their amounts afterwards.
    """
    if np.any(lines.order[1:] < lines.order[:-1]):
        _sort(lines)
    starts = starts_of(lines.order)
    sums = _amounts(lines, starts)
    lines.quantity = lines.price = lines.listed = None
    counts = np.diff(np.append(starts, len(lines.order)))
    sums["distinct_products"] = _distinct(lines, len(starts))
    sums["new_share"] = _first_times(lines, customer, moment) / counts
    sums["popularity"] = _popularity(lines, moment) / counts
    return sums


def _sort(lines: SoldLines) -> None:
    # Nearly in order already: a stable sort sees that.
    places = np.argsort(lines.order, kind="stable")
    for name in lines.__struct_fields__:
        setattr(lines, name, getattr(lines, name)[places])


def _amounts(lines: SoldLines, starts: Array) -> dict[str, Array]:
    units = np.rint(lines.price * UNITS)
    paid = units * lines.quantity
    amount = np.add.reduceat(paid, starts)
    top = np.maximum.reduceat(paid, starts)
    del paid
    np.maximum(units, np.rint(lines.listed * UNITS), out=units)
    gross = np.add.reduceat(units * lines.quantity, starts)
    items = np.add.reduceat(lines.quantity, starts, dtype=np.int64)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "amount": amount / UNITS,
            "items": items,
            "max_unit_price": np.maximum.reduceat(lines.price, starts),
            "mean_unit_price": amount / UNITS / items,
            "max_quantity": np.maximum.reduceat(lines.quantity, starts),
            "top_line_share": np.where(amount == 0, np.nan, top / amount),
            "discount_share": np.where(gross == 0, np.nan, 1 - amount / gross),
        }


def _distinct(lines: SoldLines, orders: int) -> Array:
    keys = pairs(lines.order, lines.product)
    keys.sort()
    firsts = keys[starts_of(keys)]
    return np.bincount(firsts >> 32, minlength=orders)


def _first_times(lines: SoldLines, customer: Array, moment: Array) -> Array:
    """How many lines of each order were the first of their customer and product."""
    order, starts = _by_customer_and_product(customer, lines)
    # Orders are sorted by moment: the least is the first.
    first = moment[order[starts]]
    lengths = np.diff(np.append(starts, len(order)))
    is_first = moment[order] == np.repeat(first, lengths)
    return np.bincount(order[is_first], minlength=len(moment))


def _by_customer_and_product(customer: Array, lines: SoldLines) -> tuple[Array, Array]:
    """The lines' orders, sorted by customer, product and order; where each pair of the first two
    begins."""
    product, order = int(lines.product.max()).bit_length(), int(lines.order.max()).bit_length()
    if int(customer.max()).bit_length() + product + order > KEY_BITS:
        places = np.lexsort((lines.order, lines.product, customer[lines.order]))
        sorted_pairs = pairs(customer[lines.order[places]], lines.product[places])
        return lines.order[places], starts_of(sorted_pairs)
    # Three numbers in one: values alone are sorted, a few times as fast as their places.
    keys = customer[lines.order].astype(np.int64)
    for width, column in ((product, lines.product), (order, lines.order)):
        keys <<= width
        keys |= column
    keys.sort()
    orders = (keys & (2**order - 1)).astype(np.int32)
    keys >>= order
    return orders, starts_of(keys)


def _popularity(lines: SoldLines, moment: Array) -> Array:
    """The sum over each order's lines of log(1 + earlier lines of the same product)."""
    product = lines.product
    if len(product) and product.max() < NARROW:
        # Sorted by radix.
        product = product.astype(np.uint16)
    places = np.argsort(product, kind="stable")
    product, order = product[places], lines.order[places]
    at = moment[order]
    count = np.arange(len(order), dtype=np.int32)
    of_product = np.concatenate([[True], product[1:] != product[:-1]])
    alike = of_product | np.concatenate([[True], at[1:] != at[:-1]])
    del at, places, product
    # Lines of one moment do not know of each other.
    earlier = np.maximum.accumulate(np.where(alike, count, 0))
    earlier -= np.maximum.accumulate(np.where(of_product, count, 0))
    steps = np.rint(np.log1p(earlier) * STEPS)
    return np.bincount(order, weights=steps, minlength=len(moment)) / STEPS
