"""The rows every side is asked, in every body a side may speak, and what the graph answers.

Values have two decimals that never end in 0, so that all bodies of one kind have one length.
"""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from bentos.contract import oip
from bentos.contract.datatype import Datatype
from bentos.contract.features import FeatureSchema
from bentos.contract.signature import ModelSignature
from load_tests.http_answer import Answer

KEYS = 20_000
RETURNING_KEYS = 1024
# One float32 through JSON and back.
TOLERANCE = 1e-5
Array = np.ndarray[Any, Any]


class ModelRows:
    """Requests about one model: ``count`` of them, ``rows`` rows and a targeting key each."""

    def __init__(
        self, signature: ModelSignature, schema: FeatureSchema, rows: int = 1, count: int = KEYS
    ) -> None:
        self.signature = signature
        self.names = [spec.name for spec in signature.inputs]
        (self.block,) = schema.tensors()
        tens = np.random.default_rng(0).integers(1, 9, (count, rows, len(self.names)))
        ones = np.random.default_rng(1).integers(1, 9, tens.shape)
        # [count, rows, inputs], between 0.11 and 0.99: inside the bounds of every fraud input.
        self.values: Array = np.round(tens / 10 + ones / 100, 2)

    def named(self, keys: str = "shopper") -> tuple[bytes, ...]:
        """``{"targeting_key", "instances": [{name: value}]}``: the body of the comparison;
        ``keys`` is what its targeting keys start with."""
        return tuple(
            json.dumps(
                {
                    "targeting_key": _key(keys, number),
                    "instances": [dict(zip(self.names, row, strict=True)) for row in rows],
                }
            ).encode()
            for number, rows in enumerate(self.values.tolist())
        )

    def packed_tensor(self) -> tuple[bytes, ...]:
        """Open Inference Protocol, JSON: the graph's own tensor, for servers with no schema."""
        columns = [self.names.index(feature.source_name) for feature in self.block.features]
        return tuple(
            json.dumps(
                {
                    "inputs": [
                        {
                            "name": self.block.name,
                            "shape": list(rows.shape),
                            "datatype": self.block.datatype.value,
                            "data": rows.ravel().tolist(),
                        }
                    ]
                }
            ).encode()
            for rows in self.values[:, :, columns]
        )

    def named_tensors(self) -> tuple[bytes, ...]:
        """Open Inference Protocol, JSON: one tensor per named input (contract §2)."""
        return tuple(self._named_tensors(number, binary=False)[0] for number in range(self.count))

    def binary_tensors(self) -> tuple[tuple[bytes, int], ...]:
        """The same with binary tensors, both ways: (body, length of its JSON)."""
        made = []
        for number in range(self.count):
            body, length = self._named_tensors(number, binary=True)
            assert length is not None
            made.append((body, length))
        return tuple(made)

    def binary_packed(self) -> tuple[tuple[bytes, int], ...]:
        """The graph's own tensor, binary both ways: (body, length of its JSON)."""
        columns = [self.names.index(feature.source_name) for feature in self.block.features]
        made = []
        for rows in self.values[:, :, columns].astype(np.float32):
            tensor = oip.Tensor(
                name=self.block.name, shape=rows.shape, datatype=Datatype.FP32, raw=rows.tobytes()
            )
            body, length = oip.encode(
                oip.InferRequest(inputs=[tensor], parameters={oip.BINARY_OUTPUT_ALL: True})
            )
            assert length is not None
            made.append((body, length))
        return tuple(made)

    @property
    def count(self) -> int:
        """Requests."""
        return len(self.values)

    def expected(self, onnx: Path, number: int) -> list[float]:
        """What onnxruntime itself answers to request ``number``: its first output, flat."""
        columns = [self.names.index(feature.source_name) for feature in self.block.features]
        session = _session(onnx)
        feed = {self.block.name: self.values[number][:, columns].astype(np.float32)}
        output = self.signature.outputs[0].name
        answers: list[float] = np.ravel(session.run([output], feed)[0]).tolist()
        return answers

    def _named_tensors(self, number: int, *, binary: bool) -> tuple[bytes, int | None]:
        columns = self.values[number].astype(np.float32)
        tensors = [
            oip.Tensor(
                name=name,
                shape=(len(columns),),
                datatype=Datatype.FP32,
                raw=columns[:, place].tobytes() if binary else None,
                data=msgspec.UNSET if binary else self.values[number][:, place].tolist(),
            )
            for place, name in enumerate(self.names)
        ]
        parameters: dict[str, Any] = {
            "targeting_key": _key("binary" if binary else "tensor", number)
        }
        if binary:
            parameters[oip.BINARY_OUTPUT_ALL] = True
        return oip.encode(oip.InferRequest(inputs=tensors, parameters=parameters))


def answer_values(answer: Answer) -> list[float]:
    """The numbers of an answer's first output, in whatever shape a side answers them.

    Raises ValueError for a status other than 200 or a body of another shape.
    """
    if answer.status != 200:
        raise ValueError(f"status {answer.status}: {answer.body[:300]!r}")
    length = answer.headers.get(oip.HEADER_LENGTH)
    if length is not None:
        tensor = oip.decode_response(answer.body, length).outputs[0]
        values: list[float] = np.frombuffer(tensor.raw, np.float32).tolist()
        return values
    document = json.loads(answer.body)
    if isinstance(document, dict):
        document = document["predictions"] if "predictions" in document else _data(document)
    return [float(value) for value in _flat(document)]


def _data(document: dict[str, Any]) -> Any:
    if "outputs" not in document:
        raise ValueError(f"expected predictions or outputs, got {sorted(document)}")
    return document["outputs"][0]["data"]


def _flat(document: Any) -> list[float]:
    if isinstance(document, dict):
        return _flat(list(document.values()))
    if isinstance(document, list):
        return [value for part in document for value in _flat(part)]
    return [document]


def _key(prefix: str, number: int) -> str:
    return f"{prefix}-{number:08d}"


@lru_cache(maxsize=8)
def _session(onnx: Path) -> Any:
    import onnxruntime  # noqa: PLC0415 - heavy, and only where answers are checked

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
