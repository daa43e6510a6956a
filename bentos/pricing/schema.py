"""What the pricing model is asked and how its row is packed: the one place for both.

The model never sees a price as a feature: it tries the prices of the band itself.
"""

from bentos.contract.datatype import Datatype
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction

MODEL = "pricing"
CURVE_POINTS = 21

# name, minimum, maximum, description
_FEATURES: tuple[tuple[str, float | None, float | None, str], ...] = (
    ("reference_price", 0, None, "The product's usual price: median of its last 8 weeks"),
    ("units_last_week", 0, None, "Units sold last week"),
    ("mean_units_4w", 0, None, "Mean weekly units over the last 4 weeks"),
    ("mean_units_8w", 0, None, "Mean weekly units over the last 8 weeks"),
    ("weeks_since_first_sale", 0, None, "Whole weeks since the product first sold"),
    ("last_price_ratio", 0, None, "Last week's price divided by the reference price"),
    ("mean_discount_8w", 0, 1, "Mean share taken off the list price in the last 8 weeks"),
    ("price_spread_8w", 0, None, "Lowest price of the last 8 weeks divided by the reference"),
    ("week_sin", -1, 1, "Sine of the week's place in the year"),
    ("week_cos", -1, 1, "Cosine of the week's place in the year"),
)
FEATURE_NAMES: tuple[str, ...] = tuple(name for name, *_ in _FEATURES)


def _input(
    name: str,
    description: str,
    *,
    required: bool,
    minimum: float | None = 0,
    maximum: float | None = None,
) -> InputSpec:
    return InputSpec(
        name=name,
        datatype=Datatype.FP32,
        required=required,
        minimum=minimum,
        maximum=maximum,
        redaction=Redaction.PUBLIC,
        description=description,
    )


SIGNATURE = ModelSignature(
    model=MODEL,
    inputs=(
        _input("price_min", "Lowest price allowed", required=True),
        _input("price_max", "Highest price allowed", required=True),
        _input("unit_cost", "What one unit costs the shop", required=True),
        *(
            _input(name, text, required=False, minimum=minimum, maximum=maximum)
            for name, minimum, maximum, text in _FEATURES
        ),
    ),
    outputs=(
        OutputSpec(
            name="price",
            datatype=Datatype.FP32,
            band=("price_min", "price_max"),
            description="The price of the band with the best expected margin a week",
        ),
        OutputSpec(
            name="expected_margin",
            datatype=Datatype.FP32,
            description="(price - unit cost) times the units expected in a week",
        ),
        OutputSpec(
            name="curve_price",
            datatype=Datatype.FP32,
            shape=(CURVE_POINTS,),
            minimum=0,
            description="The prices tried, lowest first",
        ),
        OutputSpec(
            name="curve_units",
            datatype=Datatype.FP32,
            shape=(CURVE_POINTS,),
            minimum=0,
            description="Units expected in a week at each of them",
        ),
    ),
)

SCHEMA = FeatureSchema(
    model=MODEL,
    features=(
        *(Feature(name=name, source=f"input:{name}") for name in FEATURE_NAMES),
        Feature(name="price_min", source="input:price_min", tensor="band"),
        Feature(name="price_max", source="input:price_max", tensor="band"),
        Feature(name="unit_cost", source="input:unit_cost", tensor="unit_cost"),
    ),
)
