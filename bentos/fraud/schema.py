"""What the fraud model is asked and how its row is packed: the one place for both.

Every input is what an order carries at checkout, plus what the shop knows of its customer
before that order. Training computes the same names point-in-time correct.
"""

from bentos.contract.datatype import Datatype
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction

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

FEATURE_NAMES: tuple[str, ...] = tuple(name for name, *_ in _INPUTS)

SIGNATURE = ModelSignature(
    model=MODEL,
    inputs=tuple(
        InputSpec(
            name=name,
            datatype=Datatype.FP32,
            required=required,
            minimum=minimum,
            maximum=maximum,
            redaction=Redaction.PERSONAL,
            description=description,
        )
        for name, required, minimum, maximum, description in _INPUTS
    ),
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
    features=tuple(Feature(name=name, source=f"input:{name}") for name in FEATURE_NAMES),
)
