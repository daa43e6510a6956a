"""What a caller asks: rows of whole numbers, so that the right sum is exact."""

import json
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from bentos.contract import oip
from bentos.contract.datatype import Datatype
from bentos.contract.oip import InferRequest, Tensor
from load_tests.installation.model import MODEL, NAMES, OUTPUT

PREDICT_PATH = f"/v1/models/{MODEL}:predict"
INFER_PATH = f"/v2/models/{MODEL}/infer"


@dataclass(frozen=True)
class Question:
    """One request of one key: ``head`` and ``body`` are its bytes, ``sums`` the sum of each row."""

    key: str
    sums: tuple[float, ...]
    head: bytes
    body: bytes


def ask_json(key: str, rows: list[tuple[int, int, int]], api_key: str) -> Question:
    """Named values, as a storefront sends them."""
    instances = [dict(zip(NAMES, row, strict=True)) for row in rows]
    body = json.dumps({"targeting_key": key, "instances": instances}).encode()
    return Question(key, _sums(rows), _head(PREDICT_PATH, api_key, len(body)), body)


def ask_about_customers(
    key: str, rows: list[tuple[int, int]], customers: list[str], api_key: str
) -> Question:
    """Two numbers a row and a customer the store knows; the sum is of what the caller said."""
    instances = [
        {"a": a, "b": b, "customer_id": customer}
        for (a, b), customer in zip(rows, customers, strict=True)
    ]
    body = json.dumps({"targeting_key": key, "instances": instances}).encode()
    sums = tuple(float(a + b) for a, b in rows)
    return Question(key, sums, _head(PREDICT_PATH, api_key, len(body)), body)


def ask_binary(key: str, rows: list[tuple[int, int, int]], api_key: str) -> Question:
    """Open Inference Protocol with binary tensors both ways, as tritonclient sends them."""
    columns = np.asarray(rows, np.float32).T
    tensors = [
        Tensor(name=name, shape=(len(rows),), datatype=Datatype.FP32, raw=column.tobytes())
        for name, column in zip(NAMES, columns, strict=True)
    ]
    request = InferRequest(
        inputs=tensors, parameters={"targeting_key": key, oip.BINARY_OUTPUT_ALL: True}
    )
    body, length = oip.encode(request)
    extra = f"{oip.HEADER_LENGTH}: {length}\r\n"
    return Question(key, _sums(rows), _head(INFER_PATH, api_key, len(body), extra), body)


def read_answer(headers: dict[str, str], body: bytes) -> tuple[dict[str, Any], tuple[float, ...]]:
    """What a 200 says of itself, and its totals; raises what decoding raises: whatever
    is no answer of ours fails here."""
    length = headers.get(oip.HEADER_LENGTH)
    if length is None:
        facts: dict[str, Any] = msgspec.json.decode(body)
        return facts, tuple(row[OUTPUT] for row in facts["predictions"])
    response = oip.decode_response(body, length)
    (tensor,) = response.outputs
    return response.parameters, tuple(np.frombuffer(tensor.raw, np.float32).tolist())


def _sums(rows: list[tuple[int, int, int]]) -> tuple[float, ...]:
    return tuple(float(sum(row)) for row in rows)


def _head(path: str, api_key: str, size: int, extra: str = "") -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {api_key}\r\n"
        f"content-type: application/octet-stream\r\n{extra}content-length: {size}\r\n\r\n"
    ).encode()
