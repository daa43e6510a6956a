"""Every view there is. A version whose meaning changed stays beside its successor for as long
as a version of a model reads it."""

from bentos.contract.errors import ContractError
from training.features.customer_views import (
    CUSTOMER_BASKETS,
    CUSTOMER_ORDERS,
    CUSTOMER_SEGMENTS,
)
from training.features.product_views import (
    PRODUCT_AFFINITY,
    PRODUCT_PRICES,
    PRODUCT_SALES,
    PRODUCT_SEASONS,
)
from training.features.view import FeatureView

VIEWS: tuple[FeatureView, ...] = (
    CUSTOMER_ORDERS,
    CUSTOMER_SEGMENTS,
    CUSTOMER_BASKETS,
    PRODUCT_SALES,
    PRODUCT_AFFINITY,
    PRODUCT_PRICES,
    PRODUCT_SEASONS,
)


def view_of(tag: str, field: str = "view") -> FeatureView:
    """The view of a tag; raises ContractError for one that is not there."""
    for view in VIEWS:
        if view.tag == tag:
            return view
    raise ContractError(field, f"one of {[view.tag for view in VIEWS]}", tag)
