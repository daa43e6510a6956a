"""What the shop knows of a customer. Guests have no pseudonym, and so no row here."""

from datetime import timedelta
from typing import Any

import ibis

from training.features.order_lines import as_float, days_until_moment, known
from training.features.view import FeatureView

CUSTOMER = "customer"
# Filled every night; after two nights without a run a value is no longer believed.
NIGHTLY = timedelta(days=2)
SCORES = 5


def _purchases() -> Any:
    lines = known()
    return lines.filter(lines.customer_id.notnull())


def _orders(lines: Any) -> Any:
    """One row a customer and order, with what it cost: two steps, which an engine may spill."""
    return lines.group_by("customer_id", "order_id").agg(
        ordered_at=lines.ordered_at.min(), amount=(lines.unit_price * lines.quantity).sum()
    )


def _customer_orders() -> Any:
    orders = _orders(_purchases())
    spend = as_float(orders.amount.sum())
    return orders.group_by(entity=orders.customer_id).agg(
        orders=orders.count(),
        spend=spend,
        mean_order_value=spend / orders.count(),
        days_since_last_order=days_until_moment(orders.ordered_at.max()),
        days_since_first_order=days_until_moment(orders.ordered_at.min()),
    )


def _customer_segments() -> Any:
    orders = _orders(_purchases())
    of_each = orders.group_by(entity=orders.customer_id).agg(
        last_at=orders.ordered_at.max(), orders=orders.count(), spend=orders.amount.sum()
    )

    def score(*order: Any) -> Any:
        # 0-based; ties are broken by the pseudonym, so that a segment is the same in every run.
        tile = ibis.ntile(SCORES).over(order_by=[*order, of_each.entity])
        return tile.cast("int64")

    scored = of_each.select(
        "entity",
        recency=score(of_each.last_at),
        frequency=score(of_each.orders),
        monetary=score(of_each.spend),
    )
    segment = scored.recency * SCORES * SCORES + scored.frequency * SCORES + scored.monetary
    return scored.mutate(segment=segment)


def _customer_baskets() -> Any:
    lines = _purchases()
    # In three steps, an order's products first: to count different ones in one step would keep
    # all of them in memory.
    of_product = lines.group_by("customer_id", "order_id", "product_id").agg(
        amount=(lines.unit_price * lines.quantity).sum(),
        gross=(ibis.greatest(lines.list_price, lines.unit_price) * lines.quantity).sum(),
        units=lines.quantity.sum(),
    )
    orders = of_product.group_by("customer_id", "order_id").agg(
        amount=of_product.amount.sum(),
        gross=of_product.gross.sum(),
        units=of_product.units.sum(),
        products=of_product.count(),
    )
    products = lines.group_by("customer_id", "product_id").agg(lines=lines.count())
    different = products.group_by("customer_id").agg(products=products.count())
    count = orders.count()
    baskets = orders.group_by("customer_id").agg(
        mean_products=as_float(orders.products.sum()) / count,
        mean_units=as_float(orders.units.sum()) / count,
        largest_value=as_float(orders.amount.max()),
        discount_share=1.0 - as_float(orders.amount.sum()) / as_float(orders.gross.sum()).nullif(0),
        taken=as_float(orders.products.sum()),
    )
    both = baskets.join(different, "customer_id")
    return both.select(
        entity=both.customer_id,
        mean_products=both.mean_products,
        mean_units=both.mean_units,
        largest_value=both.largest_value,
        discount_share=both.discount_share,
        repeat_share=1.0 - as_float(both.products) / both.taken,
    )


CUSTOMER_ORDERS = FeatureView(
    name="customer_orders",
    entity=CUSTOMER,
    version=1,
    expr=_customer_orders(),
    ttl=NIGHTLY,
    about="How often, how lately and for how much a customer ordered.",
    fields={
        "orders": "orders so far",
        "spend": "what they cost together, in the shop's currency",
        "mean_order_value": "spend divided by orders",
        "days_since_last_order": "days since the last one",
        "days_since_first_order": "days since the first one",
    },
)
CUSTOMER_SEGMENTS = FeatureView(
    name="customer_segments",
    entity=CUSTOMER,
    version=1,
    expr=_customer_segments(),
    ttl=NIGHTLY,
    about="RFM: fifths of the shop's customers by recency, frequency and money, 4 the best.",
    fields={
        "recency": "0 to 4, by the time of the last order",
        "frequency": "0 to 4, by the number of orders",
        "monetary": "0 to 4, by what they cost together",
        "segment": "25 × recency + 5 × frequency + monetary",
    },
)
CUSTOMER_BASKETS = FeatureView(
    name="customer_baskets",
    entity=CUSTOMER,
    version=1,
    expr=_customer_baskets(),
    ttl=NIGHTLY,
    about="What a customer's orders look like.",
    fields={
        "mean_products": "different products an order",
        "mean_units": "units an order",
        "largest_value": "what the dearest order cost",
        "discount_share": "discounts divided by the undiscounted amount; null if that is 0",
        "repeat_share": "share of products in orders that an earlier order had as well",
    },
)
