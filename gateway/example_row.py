"""Example values for a model's inputs and outputs: ones its own checks accept."""

from typing import Any

from bentos.contract.datatype import Datatype
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec

_VARIABLE_LENGTH = 2


def example_row(signature: ModelSignature) -> dict[str, Any]:
    """One row with every required input and each optional one that has a value to show."""
    row = {
        spec.name: spec.default if spec.default not in (None, []) else example_value(spec)
        for spec in signature.inputs
    }
    for output in signature.outputs:
        if output.band is not None:
            low, high = output.band
            row[high] = max(row[low], row[high])
    return row


def example_value(spec: InputSpec | OutputSpec) -> Any:
    """A value within the bounds, in the shape of one row."""
    value: Any = _scalar(spec)
    for length in reversed(spec.shape):
        value = [value] * (length if length > 0 else _VARIABLE_LENGTH)
    return value


def _scalar(spec: InputSpec | OutputSpec) -> Any:
    if spec.datatype is Datatype.BOOL:
        return True
    if spec.datatype is Datatype.BYTES:
        return "text"
    low, high = spec.minimum, spec.maximum
    if low is None and high is None:
        value = 1.0
    elif high is None:
        value = (low or 0.0) + 1.0
    elif low is None:
        value = high - 1.0
    else:
        value = low + (high - low) / 4
    return value if spec.datatype.value.startswith("FP") else round(value)
