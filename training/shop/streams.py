"""What is read of a shop, in which order, and which tables it fills."""

import msgspec


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One bulk read. ``document`` fetches rows, ``sweep`` only ids and how new they are.

    ``whole``: all rows are read each time. A variant that goes, stock that moves, a customer
    who opts out need not touch the ``updated_at`` it would be found by; a sweep would read
    every id anyway, and rows of these are small.
    """

    name: str
    document: str
    sweep: str
    child: str | None = None
    whole: bool = False
    # Orders older than the window are out of sight without the scope for them.
    windowed: bool = False

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables it fills, the parent's first."""
        return (self.name,) if self.child is None else (self.name, self.child)


# Products before orders would miss products made in between; a line's product is looked up
# when it is trained on, and one night later it is there.
BULK = (
    Stream(
        name="orders",
        document="bulk_orders",
        sweep="bulk_order_ids",
        child="order_lines",
        windowed=True,
    ),
    Stream(name="customers", document="bulk_customers", sweep="bulk_customer_ids", whole=True),
    Stream(
        name="products",
        document="bulk_products",
        sweep="bulk_product_ids",
        child="variants",
        whole=True,
    ),
    Stream(
        name="inventory_items",
        document="bulk_inventory",
        sweep="bulk_inventory_ids",
        child="inventory",
        whole=True,
    ),
)
REFUNDS = "refunds"
DISPUTES = "disputes"
WHOLE = {stream.name for stream in BULK if stream.whole}
NAMES = (*(stream.name for stream in BULK), REFUNDS, DISPUTES)
SWEEP_SUFFIX = "_seen"
OPTIONAL = {"inventory_items", DISPUTES}
"Not every shop grants these scopes, and models come about without them."
