"""Models of other widths than fraud's, for the sweep over features: ``wide8``, ``wide96``, …"""

from bentos.contract.datatype import Datatype
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction

WIDTHS = (8, 96, 384)
WIDTH_VARIABLE = "BENCH_WIDTH"
OUTPUT = "score"


def wide_signature(width: int) -> ModelSignature:
    """A model with ``width`` inputs and one probability."""
    return ModelSignature(
        model=f"wide{width}",
        inputs=tuple(
            InputSpec(
                name=name,
                datatype=Datatype.FP32,
                required=True,
                minimum=0,
                maximum=1,
                redaction=Redaction.PERSONAL,
            )
            for name in _names(width)
        ),
        outputs=(OutputSpec(name=OUTPUT, datatype=Datatype.FP32, minimum=0, maximum=1),),
    )


def wide_schema(width: int) -> FeatureSchema:
    """Every input is a feature, in order."""
    return FeatureSchema(
        model=f"wide{width}",
        features=tuple(Feature(name=name, source=f"input:{name}") for name in _names(width)),
    )


def _names(width: int) -> tuple[str, ...]:
    return tuple(f"feature_{number:03d}" for number in range(width))
