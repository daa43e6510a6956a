"""What the shop knows of a product, by its number."""

from datetime import timedelta
from typing import Any

import ibis

from training.features.order_lines import (
    as_float,
    days_before,
    days_until_moment,
    known,
    known_for,
)
from training.features.view import FeatureView

PRODUCT = "product"
WEEK = timedelta(days=7)
MONTH_DAYS, SEASON_DAYS, AFFINITY_DAYS = 28, 56, 90
# Whole weeks, so that weekdays stand beside their like.
YEAR_DAYS = 364
NEIGHBOURS = 10
# Larger orders (a reseller's, a stock-taking) say nothing of what goes together, and pairs of
# their products would be most of the work.
MAX_PRODUCTS_OF_AN_ORDER = 50
MIN_ORDERS_TOGETHER = 2


def _entity(table: Any) -> Any:
    return table.product_id.cast("string")


def _product_sales() -> Any:
    lines = known_for(MONTH_DAYS)
    lines = lines.filter(lines.quantity > 0)
    paid = lines.unit_price * lines.quantity
    sales = lines.group_by("product_id").agg(
        orders_28d=lines.order_id.nunique(),
        units_28d=as_float(lines.quantity.sum()),
        customers_28d=lines.customer_id.nunique(),
        paid=as_float(paid.sum()),
    )
    return sales.select(
        "orders_28d",
        "units_28d",
        "customers_28d",
        entity=_entity(sales),
        mean_price_28d=sales.paid / sales.units_28d,
    ).relocate("entity")


def _product_affinity() -> Any:
    lines = known_for(AFFINITY_DAYS)
    bought = lines.select("order_id", "product_id").distinct()
    sizes = bought.group_by("order_id").agg(products=bought.count())
    sizes = sizes.filter(sizes.products <= MAX_PRODUCTS_OF_AN_ORDER)
    baskets = bought.semi_join(sizes, "order_id")
    others = baskets.view().select("order_id", other="product_id")
    pairs = baskets.join(others, "order_id")
    pairs = pairs.filter(pairs.product_id != pairs.other)
    together = pairs.group_by("product_id", "other").agg(orders=pairs.count())
    together = together.filter(together.orders >= MIN_ORDERS_TOGETHER)
    place = ibis.row_number().over(
        group_by=together.product_id, order_by=[together.orders.desc(), together.other]
    )
    near = together.mutate(place=place)
    near = near.filter(near.place < NEIGHBOURS)
    alone = baskets.group_by("product_id").agg(of=baskets.count())
    shared = near.join(alone, "product_id")
    shared = shared.mutate(share=as_float(shared.orders) / shared.of)
    return shared.group_by(entity=_entity(shared)).agg(
        bought_with=shared.other.collect(order_by=shared.place),
        bought_with_share=shared.share.collect(order_by=shared.place),
    )


def _product_prices() -> Any:
    lines = known_for(SEASON_DAYS)
    lines = lines.filter(lines.unit_price > 0, lines.quantity > 0)
    month = lines.ordered_at >= days_before(MONTH_DAYS)
    newest = ibis.row_number().over(
        group_by=lines.product_id,
        order_by=[lines.ordered_at.desc(), lines.order_id, lines.unit_price],
    )
    numbered = lines.mutate(newest=newest, month=month)
    paid = numbered.unit_price * numbered.quantity
    gross = ibis.greatest(numbered.list_price, numbered.unit_price) * numbered.quantity
    of_month = numbered.month
    prices = numbered.group_by("product_id").agg(
        last_price=as_float(numbered.unit_price.max(where=numbered.newest == 0)),
        mean_price_28d=as_float(paid.sum(where=of_month))
        / as_float(numbered.quantity.sum(where=of_month)),
        mean_price_56d=as_float(paid.sum()) / as_float(numbered.quantity.sum()),
        lowest_price_56d=as_float(numbered.unit_price.min()),
        highest_price_56d=as_float(numbered.unit_price.max()),
        discount_share_28d=1.0
        - as_float(paid.sum(where=of_month)) / as_float(gross.sum(where=of_month)),
    )
    return prices.select(
        "last_price",
        "mean_price_28d",
        "lowest_price_56d",
        "highest_price_56d",
        "discount_share_28d",
        entity=_entity(prices),
        price_ratio=prices.last_price / prices.mean_price_56d,
    ).relocate("entity")


def _product_seasons() -> Any:
    lines = known()
    age = days_until_moment(lines.ordered_at)
    aged = lines.mutate(age=age)

    def units(newest: int, oldest: int) -> Any:
        """Units sold more than ``newest`` and at most ``oldest`` days ago."""
        within = (aged.age > newest) & (aged.age <= oldest)
        return as_float(aged.quantity.sum(where=within)).fill_null(0.0)

    sold = aged.group_by("product_id").agg(
        days_since_first_sale=aged.age.max(),
        units_7d=units(0, 7),
        units_28d=units(0, MONTH_DAYS),
        units_364d=units(0, YEAR_DAYS),
        units_next_28d_last_year=units(YEAR_DAYS - MONTH_DAYS, YEAR_DAYS),
    )
    a_year = sold.days_since_first_sale >= YEAR_DAYS
    usual = (sold.units_364d * MONTH_DAYS / YEAR_DAYS).nullif(0)
    return sold.select(
        "days_since_first_sale",
        "units_7d",
        "units_28d",
        "units_364d",
        entity=_entity(sold),
        units_next_28d_last_year=ibis.ifelse(
            a_year, sold.units_next_28d_last_year, ibis.null("float64")
        ),
        season_ratio=ibis.ifelse(
            a_year, sold.units_next_28d_last_year / usual, ibis.null("float64")
        ),
    ).relocate("entity")


PRODUCT_SALES = FeatureView(
    name="product_sales",
    entity=PRODUCT,
    version=1,
    expr=_product_sales(),
    ttl=WEEK,
    about="How well a product sold in the last 28 days.",
    fields={
        "orders_28d": "orders with it",
        "units_28d": "units sold",
        "customers_28d": "different customers, guests left out",
        "mean_price_28d": "what a unit cost in the mean",
    },
)
PRODUCT_AFFINITY = FeatureView(
    name="product_affinity",
    entity=PRODUCT,
    version=1,
    expr=_product_affinity(),
    ttl=WEEK,
    about=(
        "What was bought with a product in the last 90 days, in orders of at most "
        f"{MAX_PRODUCTS_OF_AN_ORDER} products."
    ),
    fields={
        "bought_with": f"up to {NEIGHBOURS} product numbers, most orders together first",
        "bought_with_share": "for each, the share of the product's orders that have it too",
    },
)
PRODUCT_PRICES = FeatureView(
    name="product_prices",
    entity=PRODUCT,
    version=1,
    expr=_product_prices(),
    ttl=WEEK,
    about="What a product cost lately, in the shop's currency; lines at no price are left out.",
    fields={
        "last_price": "of the newest sale",
        "mean_price_28d": "what a unit cost in the mean; null without a sale in 28 days",
        "lowest_price_56d": "of a sale",
        "highest_price_56d": "of a sale",
        "discount_share_28d": "discounts divided by the undiscounted amount",
        "price_ratio": "the last price divided by the mean of 56 days",
    },
)
PRODUCT_SEASONS = FeatureView(
    name="product_seasons",
    entity=PRODUCT,
    version=1,
    expr=_product_seasons(),
    ttl=WEEK,
    about="A product's year, and what it did last year in the four weeks that come next.",
    fields={
        "days_since_first_sale": "days since it first sold",
        "units_7d": "units sold in the last 7 days",
        "units_28d": "in the last 28 days",
        "units_364d": "in the last 52 weeks",
        "units_next_28d_last_year": "52 weeks ago, in the 28 days then next; null before a year",
        "season_ratio": "those, divided by what 28 days of the last 52 weeks sold in the mean",
    },
)
