"""What the fraud model is asked and how its row is packed: the one place for both.

Inputs are what an order carries at checkout and what its customer did today; what they did until
last night is looked up in the view ``customer_orders@1``, under the id in ``customer_id``.
Training computes the same names point-in-time correct.
"""

from bentos.contract.datatype import Datatype
from bentos.contract.feature_view import FeatureView
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.signature import (
    EntitySpec,
    InputSpec,
    ModelSignature,
    OutputSpec,
    Redaction,
)

MODEL = "fraud"

# name, required, minimum, maximum, description
_INPUTS: tuple[tuple[str, bool, float | None, float | None, str], ...] = (
    ("amount", True, 0, None, "What the order costs, in the shop's currency"),
    ("items", True, 0, None, "Units in the order"),
    ("distinct_products", False, 0, None, "Different products in the order"),
    ("max_unit_price", False, 0, None, "Highest unit price in the order"),
    ("mean_unit_price", False, 0, None, "Amount divided by units"),
    ("max_quantity", False, 0, None, "Units of the largest line"),
    ("top_line_share", False, 0, 1, "Share of the amount that the dearest line makes up"),
    ("discount_share", False, 0, 1, "Discounts divided by the undiscounted amount"),
    ("hour", False, 0, 24, "Hour of the order in the shop's zone, with minutes as a fraction"),
    ("weekday", False, 0, 6, "Day of the week in the shop's zone, Monday 0"),
    ("is_guest", False, 0, 1, "1 if the order names no customer"),
    ("is_new", False, 0, 1, "1 if the customer never ordered before; missing for guests"),
    ("customer_orders", False, 0, None, "Orders of this customer so far"),
    ("customer_mean_amount", False, 0, None, "Their mean amount so far"),
    ("customer_max_amount", False, 0, None, "Their highest amount so far"),
    ("amount_ratio", False, 0, None, "Amount divided by their mean so far"),
    ("hours_since_last_order", False, 0, None, "Hours since their last order"),
    ("days_since_first_order", False, 0, None, "Days since their first order"),
    ("orders_last_hour", False, 0, None, "Their orders within the last hour, this one left out"),
    ("orders_last_day", False, 0, None, "Their orders within the last 24 hours"),
    ("amount_last_day", False, 0, None, "What those cost together"),
    ("new_product_share", False, 0, 1, "Share of the products they never bought before"),
    ("price_ratio", False, 0, None, "Highest unit price divided by their mean unit price so far"),
    ("popularity", False, 0, None, "Mean of log(1 + orders so far) over the order's products"),
)

# What callers had to know of a customer's past before it was looked up. Inputs stay in a
# signature; versions of this schema do not read these.
UNREAD = frozenset({
    "is_new", "customer_orders", "customer_mean_amount", "customer_max_amount", "amount_ratio",
    "hours_since_last_order", "days_since_first_order", "price_ratio",
})  # fmt: skip
INPUT_NAMES: tuple[str, ...] = tuple(name for name, *_ in _INPUTS)

CUSTOMER_ORDERS = FeatureView(
    name="customer_orders",
    version=1,
    entity="customer",
    ttl_s=172_800.0,
    digest="fb2f712b7068adb9bf561ec5ebb1636e6062967288698a13dd374005d783efbf",
)
# Feature → field of the view. A customer whom no night has seen has none: NaN, as in training.
LOOKED_UP = {
    "known_orders": "orders",
    "known_mean_order_value": "mean_order_value",
    "known_days_since_last_order": "days_since_last_order",
    "known_days_since_first_order": "days_since_first_order",
}
READ_NAMES: tuple[str, ...] = tuple(name for name in INPUT_NAMES if name not in UNREAD)
FEATURE_NAMES: tuple[str, ...] = (*READ_NAMES, *LOOKED_UP)
"""The columns of the graph's tensor."""

CUSTOMER_ID = InputSpec(
    name="customer_id",
    datatype=Datatype.BYTES,
    required=False,
    max_length=256,
    redaction=Redaction.DROP,
    description=(
        "The customer's id as the order files and the shop have it, or pseudonym:<pseudonym>; "
        "missing for guests"
    ),
)


def _number(
    name: str, required: bool, minimum: float | None, maximum: float | None, description: str
) -> InputSpec:
    kind, redaction = Datatype.FP32, Redaction.PERSONAL
    return InputSpec(
        name=name, required=required, minimum=minimum, maximum=maximum, description=description,
        datatype=kind, redaction=redaction,
    )  # fmt: skip


SIGNATURE = ModelSignature(
    model=MODEL,
    inputs=(*(_number(*each) for each in _INPUTS), CUSTOMER_ID),
    entities=(EntitySpec(kind=CUSTOMER_ORDERS.entity, input=CUSTOMER_ID.name),),
    outputs=(
        OutputSpec(
            name="fraud_probability",
            datatype=Datatype.FP32,
            minimum=0,
            maximum=1,
            description="Calibrated probability that the order is fraudulent",
        ),
    ),
)

SCHEMA = FeatureSchema(
    model=MODEL,
    features=(
        *(Feature(name=name, source=f"input:{name}") for name in READ_NAMES),
        *(
            Feature(name=name, source=f"view:{CUSTOMER_ORDERS.tag}:{field}")
            for name, field in LOOKED_UP.items()
        ),
    ),
    views=(CUSTOMER_ORDERS,),
)
