"""Open Inference Protocol v2 messages, JSON and binary tensors, without numpy.

A message is JSON, optionally followed by raw little-endian blobs in the order of the
tensors; the header ``Inference-Header-Content-Length`` gives the JSON's length (Triton's
binary tensor data extension). Callers turn ``raw`` into arrays with ``ARRAY_TYPES``.
"""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from bentos.contract.datatype import ITEM_SIZES, Datatype
from bentos.contract.errors import ContractError

HEADER_LENGTH = "inference-header-content-length"
BINARY_SIZE = "binary_data_size"
BINARY_OUTPUT = "binary_data"
BINARY_OUTPUT_ALL = "binary_data_output"
BINARY_CONTENT_TYPE = "application/octet-stream"
JSON_CONTENT_TYPE = "application/json"
# A dimension product beyond this is refused before any allocation.
MAX_ELEMENTS = 16_000_000


class Tensor(msgspec.Struct, omit_defaults=True, kw_only=True):
    """One tensor of a message: ``data`` (JSON, nested or flat) or ``raw`` (row-major bytes)."""

    name: str
    shape: tuple[int, ...]
    datatype: Datatype
    parameters: dict[str, Any] = {}
    data: list[Any] | msgspec.UnsetType = msgspec.UNSET
    raw: Any = None


class WantedOutput(msgspec.Struct, omit_defaults=True):
    """An output the caller asks for by name."""

    name: str
    parameters: dict[str, Any] = {}


class InferRequest(msgspec.Struct, omit_defaults=True, kw_only=True):
    """POST /v2/models/{model}/infer."""

    inputs: list[Tensor]
    id: str | msgspec.UnsetType = msgspec.UNSET
    parameters: dict[str, Any] = {}
    outputs: list[WantedOutput] | msgspec.UnsetType = msgspec.UNSET


class InferResponse(msgspec.Struct, omit_defaults=True, kw_only=True):
    """The answer; ``id`` is echoed if and only if it was given."""

    model_name: str
    outputs: list[Tensor]
    model_version: str | msgspec.UnsetType = msgspec.UNSET
    id: str | msgspec.UnsetType = msgspec.UNSET
    parameters: dict[str, Any] = {}


_request_decoder = msgspec.json.Decoder(InferRequest)
_response_decoder = msgspec.json.Decoder(InferResponse)
_encoder = msgspec.json.Encoder()


def decode_request(body: bytes, header_length: str | None) -> InferRequest:
    """Decode a request body; every tensor ends up with exactly one of ``data`` and ``raw``.

    Raises ContractError naming the field for anything malformed.
    """
    head, blobs = _split(body, header_length)
    try:
        request = _request_decoder.decode(head)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ContractError("body", "an Open Inference Protocol request", str(error)) from error
    _attach(request.inputs, blobs, "inputs")
    return request


def decode_response(body: bytes, header_length: str | None) -> InferResponse:
    """Decode an answer body; raises ContractError for anything malformed."""
    head, blobs = _split(body, header_length)
    try:
        response = _response_decoder.decode(head)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ContractError("body", "an Open Inference Protocol answer", str(error)) from error
    _attach(response.outputs, blobs, "outputs")
    return response


def encode(message: InferRequest | InferResponse) -> tuple[bytes, int | None]:
    """Encode a message; tensors with ``raw`` go binary. Returns (body, JSON length or None).

    None means no blob was written: the header must then not be sent.
    """
    tensors = message.inputs if isinstance(message, InferRequest) else message.outputs
    blobs: list[Any] = []
    for tensor in tensors:
        if tensor.raw is not None:
            blobs.append(tensor.raw)
            tensor.parameters = {**tensor.parameters, BINARY_SIZE: len(tensor.raw)}
            tensor.raw = None
    head = _encoder.encode(message)
    if not any(len(blob) for blob in blobs):
        return head, None
    return b"".join((head, *blobs)), len(head)


def wants_binary(request: InferRequest, output: str) -> bool:
    """Per output ``binary_data`` overrides the request's ``binary_data_output``; default JSON."""
    if request.outputs is not msgspec.UNSET:
        for wanted in request.outputs:
            if wanted.name == output and BINARY_OUTPUT in wanted.parameters:
                return bool(wanted.parameters[BINARY_OUTPUT])
    return bool(request.parameters.get(BINARY_OUTPUT_ALL, False))


def element_count(shape: Sequence[int], field: str) -> int:
    """Product of the dimensions; raises ContractError if negative or too large."""
    if any(dimension < 0 for dimension in shape):
        raise ContractError(field, "dimensions of 0 or more", list(shape))
    count = math.prod(shape)
    if count > MAX_ELEMENTS:
        raise ContractError(field, f"at most {MAX_ELEMENTS} elements", list(shape))
    return count


def _split(body: bytes, header_length: str | None) -> tuple[bytes | memoryview, memoryview]:
    view = memoryview(body)
    if header_length is None:
        return body, view[:0]
    if not header_length.isdecimal() or not 0 < int(header_length) <= len(body):
        raise ContractError(
            f"header {HEADER_LENGTH}", f"a number in range (0, {len(body)}]", header_length
        )
    length = int(header_length)
    return view[:length], view[length:]


def _attach(tensors: list[Tensor], blobs: memoryview, kind: str) -> None:
    offset = 0
    for index, tensor in enumerate(tensors):
        field = f"{kind}[{index}] {tensor.name!r}"
        count = element_count(tensor.shape, f"{field}.shape")
        size = tensor.parameters.get(BINARY_SIZE)
        if size is None:
            if tensor.data is msgspec.UNSET:
                raise ContractError(f"{field}.data", "a list of values", "nothing")
            continue
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise ContractError(f"{field}.{BINARY_SIZE}", "a size in bytes", size)
        if tensor.data is not msgspec.UNSET:
            raise ContractError(f"{field}.data", "no data beside binary data", "both")
        item_size = ITEM_SIZES.get(tensor.datatype)
        if item_size is not None and size != count * item_size:
            raise ContractError(f"{field}.{BINARY_SIZE}", f"{count * item_size} bytes", size)
        if offset + size > len(blobs):
            missing = offset + size - len(blobs)
            raise ContractError(field, f"{missing} additional bytes", "the end of the body")
        tensor.raw = blobs[offset : offset + size]
        offset += size
    if offset != len(blobs):
        raise ContractError("body", "no additional input data", f"{len(blobs) - offset} bytes")
