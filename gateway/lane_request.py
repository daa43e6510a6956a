"""The bodies of infer requests: a batch's tensors as the worker of a lane reads them.

Binary (Triton's binary tensor data extension) wherever the server says it can; plain JSON, which
every Open Inference Protocol server reads, elsewhere (MLServer).
"""

import struct
from collections.abc import Sequence
from enum import Enum
from typing import Any

import msgspec
import numpy as np

from bentos.contract.datatype import ARRAY_TYPES, Datatype
from bentos.contract.features import TensorBlock
from gateway.batch import Work

BINARY_EXTENSION = "binary_tensor_data"
_LENGTH = struct.Struct("<I")


class Encoding(Enum):
    """How tensors travel to a worker."""

    BINARY = "binary"
    JSON = "json"


class InferRequests:
    """Renders the requests of one version, whose schema packs ``blocks``."""

    def __init__(self, blocks: Sequence[TensorBlock]) -> None:
        self._blocks = tuple(blocks)
        tensors = ",".join(
            f'{{"name":"{block.name}","shape":[%d,{block.width}],'
            f'"datatype":"{block.datatype.value}","parameters":{{"binary_data_size":%d}}}}'
            for block in blocks
        )
        self._template = (
            f'{{"inputs":[{tensors}],"parameters":{{"binary_data_output":true,"timeout":%d}}}}'
        )

    def binary(self, works: list[Work], rows: int, timeout_us: int) -> list[bytes]:
        """JSON head and the tensors' bytes, tensor by tensor; ``timeout_us`` is what is left."""
        if len(works) == 1:
            parts = list(works[0].tensors)
            sizes = [len(part) for part in parts]
        else:
            columns = list(zip(*[work.tensors for work in works], strict=True))
            sizes = [sum(map(len, column)) for column in columns]
            parts = [part for column in columns for part in column]
        numbers: list[int] = []
        for size in sizes:
            numbers += (rows, size)
        numbers.append(timeout_us)
        return [(self._template % tuple(numbers)).encode(), *parts]

    def json(self, works: list[Work], rows: int, timeout_us: int) -> bytes:
        """The same request with flat lists; NaN becomes null, which JSON has no other word for."""
        inputs = [
            {
                "name": block.name,
                "shape": [rows, block.width],
                "datatype": block.datatype.value,
                "data": _values(block.datatype, b"".join(work.tensors[index] for work in works)),
            }
            for index, block in enumerate(self._blocks)
        ]
        return msgspec.json.encode({"inputs": inputs, "parameters": {"timeout": timeout_us}})


def _values(datatype: Datatype, data: bytes) -> list[Any]:
    if datatype is not Datatype.BYTES:
        values: list[Any] = np.frombuffer(data, np.dtype(ARRAY_TYPES[datatype])).tolist()
        return values
    texts, offset = [], 0
    while offset < len(data):
        (length,) = _LENGTH.unpack_from(data, offset)
        offset += _LENGTH.size
        texts.append(data[offset : offset + length].decode())
        offset += length
    return texts
