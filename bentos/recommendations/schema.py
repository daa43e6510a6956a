"""What the recommendations model is asked and how its row is packed: the one place for both."""

from bentos.contract.datatype import Datatype
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction

MODEL = "recommendations"
HISTORY_LENGTH = 64
TOP_K = 10
# Pads a short history, and an answer when the catalogue has too few products left.
NO_PRODUCT = -1

SIGNATURE = ModelSignature(
    model=MODEL,
    inputs=(
        InputSpec(
            name="history",
            datatype=Datatype.INT64,
            shape=(-1,),
            required=False,
            default=[],
            minimum=NO_PRODUCT,
            max_length=HISTORY_LENGTH,
            redaction=Redaction.PERSONAL,
            description="Product ids bought, most recent first, repeats included",
        ),
        InputSpec(
            name="exclude_bought",
            datatype=Datatype.BOOL,
            required=False,
            default=False,
            redaction=Redaction.PUBLIC,
            description="Leave out what stands in the history",
        ),
    ),
    outputs=(
        OutputSpec(
            name="product_ids",
            datatype=Datatype.INT64,
            shape=(TOP_K,),
            minimum=NO_PRODUCT,
            description="Best first; -1 where nothing is left to recommend",
        ),
        OutputSpec(
            name="scores",
            datatype=Datatype.FP32,
            shape=(TOP_K,),
            minimum=0,
            description="Blended score of each product; 0 where nothing is left",
        ),
    ),
)

SCHEMA = FeatureSchema(
    model=MODEL,
    features=(
        Feature(
            name="history",
            source="input:history",
            datatype=Datatype.INT64,
            tensor="history",
            width=HISTORY_LENGTH,
            default=NO_PRODUCT,
        ),
        Feature(
            name="exclude_bought",
            source="input:exclude_bought",
            datatype=Datatype.BOOL,
            tensor="exclude_bought",
            default=0,
        ),
    ),
)
