"""A raw binary request: the body is one input's bytes and nothing else.

Triton's binary tensor extension has it as ``Inference-Header-Content-Length: 0``. There is no
JSON, so there is one row, no targeting key (the model's default serves), and every output
comes back binary. The input must be the model's only required one: a version may add optional
inputs, and callers of this form must not notice.
"""

import math

from bentos.contract.datatype import ITEM_SIZES, Datatype
from bentos.contract.errors import ContractError
from bentos.contract.oip import BINARY_OUTPUT_ALL, HEADER_LENGTH, InferRequest, Tensor
from bentos.contract.signature import InputSpec, ModelSignature


def is_raw(header_length: str | None) -> bool:
    """Whether the header says that no byte of the body is JSON."""
    return header_length is not None and header_length != "" and not header_length.strip("0")


def read_raw(signature: ModelSignature, body: bytes) -> InferRequest:
    """The request a raw body stands for; raises ContractError if the model has no such form."""
    spec = _only_input(signature)
    if spec.datatype is Datatype.BYTES:
        shape, raw = _one_text(spec), len(body).to_bytes(4, "little") + body
    else:
        shape, raw = _shape(spec, len(body), ITEM_SIZES[spec.datatype]), body
    tensor = Tensor(name=spec.name, shape=(1, *shape), datatype=spec.datatype, raw=memoryview(raw))
    return InferRequest(inputs=[tensor], parameters={BINARY_OUTPUT_ALL: True})


def _only_input(signature: ModelSignature) -> InputSpec:
    required = [spec for spec in signature.inputs if spec.required]
    candidates = required or list(signature.inputs)
    if len(candidates) != 1:
        names = [spec.name for spec in candidates]
        raise ContractError(
            f"header {HEADER_LENGTH}",
            f"more than 0, as {signature.model!r} needs the inputs {names}",
            "0",
        )
    return candidates[0]


def _one_text(spec: InputSpec) -> tuple[int, ...]:
    if any(dimension != 1 for dimension in spec.shape):
        raise ContractError(
            f"header {HEADER_LENGTH}", f"more than 0, as {spec.name!r} is a list of texts", "0"
        )
    return spec.shape


def _shape(spec: InputSpec, size: int, item_size: int) -> tuple[int, ...]:
    """The row's shape; one variable dimension follows from the number of bytes."""
    variable = [position for position, length in enumerate(spec.shape) if length < 0]
    if len(variable) > 1:
        raise ContractError(
            f"header {HEADER_LENGTH}",
            f"more than 0, as {spec.name!r} has {len(variable)} variable dimensions",
            "0",
        )
    unit = item_size * math.prod(length for length in spec.shape if length >= 0)
    if size != unit and not (variable and size % unit == 0):
        expected = f"a multiple of {unit}" if variable else str(unit)
        raise ContractError("body", f"{expected} bytes of {spec.datatype.value}", size)
    return tuple(size // unit if length < 0 else length for length in spec.shape)
