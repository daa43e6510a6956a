"""Open Inference Protocol v2 messages, JSON and binary tensors, without numpy.

A message is JSON, optionally followed by raw little-endian blobs in the order of the
tensors; the header ``Inference-Header-Content-Length`` gives the JSON's length (Triton's
binary tensor data extension). Callers turn ``raw`` into arrays with ``ARRAY_TYPES``.
"""

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from bentos.contract.datatype import ITEM_SIZES, Datatype
from bentos.contract.errors import ContractError, from_decoding, shorten

HEADER_LENGTH = "inference-header-content-length"
BINARY_SIZE = "binary_data_size"
BINARY_OUTPUT = "binary_data"
BINARY_OUTPUT_ALL = "binary_data_output"
BINARY_CONTENT_TYPE = "application/octet-stream"
JSON_CONTENT_TYPE = "application/json"
# A dimension product beyond this is refused before any allocation.
MAX_ELEMENTS = 16_000_000
MAX_DIMENSIONS = 16
_LENGTH = re.compile(r"[0-9]{1,15}")
_NO_DATA_HINT = f"Send data, or {BINARY_SIZE} and the bytes after the JSON."


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
DECODING_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def decode_request(body: bytes, header_length: str | None) -> InferRequest:
    """Decode a request body; every tensor ends up with exactly one of ``data`` and ``raw``.

    Raises ContractError naming the field for anything malformed.
    """
    head, blobs = _split(body, header_length)
    try:
        request = _request_decoder.decode(head)
    except DECODING_ERRORS as error:
        raise from_decoding(error, "body", "an Open Inference Protocol request") from error
    _attach(request.inputs, blobs, "inputs")
    return request


def decode_response(body: bytes, header_length: str | None) -> InferResponse:
    """Decode an answer body; raises ContractError for anything malformed."""
    head, blobs = _split(body, header_length)
    try:
        response = _response_decoder.decode(head)
    except DECODING_ERRORS as error:
        raise from_decoding(error, "body", "an Open Inference Protocol answer") from error
    _attach(response.outputs, blobs, "outputs")
    return response


def encode(message: InferRequest | InferResponse) -> tuple[bytes, int | None]:
    """Encode a message; tensors with ``raw`` go binary. Returns (body, JSON length or None).

    None means no blob was written: the header must then not be sent. The message itself
    is left as it was.
    """
    tensors = message.inputs if isinstance(message, InferRequest) else message.outputs
    blobs = [memoryview(tensor.raw) for tensor in tensors if tensor.raw is not None]
    if not blobs:
        return _encoder.encode(message), None
    described = [tensor if tensor.raw is None else _without_raw(tensor) for tensor in tensors]
    kind = "inputs" if isinstance(message, InferRequest) else "outputs"
    head = _encoder.encode(msgspec.structs.replace(message, **{kind: described}))
    if not any(blob.nbytes for blob in blobs):
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
    """Product of the dimensions; raises ContractError if negative, too many or too large."""
    if len(shape) > MAX_DIMENSIONS:
        raise ContractError(field, f"at most {MAX_DIMENSIONS} dimensions", len(shape))
    count = size = 1
    for dimension in shape:
        if dimension < 0:
            raise ContractError(field, "dimensions of 0 or more", list(shape))
        count *= dimension
        # A tensor of no elements may still claim more rows than anyone can hold.
        size *= max(dimension, 1)
    if size > MAX_ELEMENTS:
        raise ContractError(field, f"at most {MAX_ELEMENTS} elements", list(shape))
    return count


def _without_raw(tensor: Tensor) -> Tensor:
    size = memoryview(tensor.raw).nbytes
    return msgspec.structs.replace(
        tensor, raw=None, parameters={**tensor.parameters, BINARY_SIZE: size}
    )


def _split(body: bytes, header_length: str | None) -> tuple[bytes | memoryview, memoryview]:
    view = memoryview(body)
    if header_length is None:
        return body, view[:0]
    if not _LENGTH.fullmatch(header_length) or not 0 < int(header_length) <= len(body):
        raise ContractError(
            f"header {HEADER_LENGTH}", f"a number in range (0, {len(body)}]", header_length
        )
    length = int(header_length)
    return view[:length], view[length:]


def _attach(tensors: list[Tensor], blobs: memoryview, kind: str) -> None:
    offset = 0
    for index, tensor in enumerate(tensors):
        # A caller's JSON may hold a member called "raw": it is none of ours.
        tensor.raw = None
        shape = tensor.shape
        # Names are put together for errors only: a request may have dozens of tensors.
        if len(shape) == 1 and 0 <= shape[0] <= MAX_ELEMENTS:
            count = shape[0]
        else:
            count = element_count(shape, f"{_field(kind, index, tensor)}.shape")
        size = tensor.parameters.get(BINARY_SIZE)
        if size is None:
            if tensor.data is msgspec.UNSET:
                raise ContractError(
                    f"{_field(kind, index, tensor)}.data",
                    "a list of values",
                    "nothing",
                    _NO_DATA_HINT,
                )
            continue
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise ContractError(
                f"{_field(kind, index, tensor)}.{BINARY_SIZE}", "a size in bytes", size
            )
        if tensor.data is not msgspec.UNSET:
            raise ContractError(
                f"{_field(kind, index, tensor)}.data", "no data beside binary data", "both"
            )
        item_size = ITEM_SIZES.get(tensor.datatype)
        if item_size is not None and size != count * item_size:
            raise ContractError(
                f"{_field(kind, index, tensor)}.{BINARY_SIZE}", f"{count * item_size} bytes", size
            )
        if offset + size > len(blobs):
            missing = offset + size - len(blobs)
            raise ContractError(
                _field(kind, index, tensor), f"{missing} additional bytes", "the end of the body"
            )
        tensor.raw = blobs[offset : offset + size]
        offset += size
    if offset != len(blobs):
        raise ContractError("body", "no additional input data", f"{len(blobs) - offset} bytes")


def _field(kind: str, index: int, tensor: Tensor) -> str:
    return f"{kind}[{index}] {shorten(tensor.name)}"
