"""The fraud graph as the fastest bento that BentoML's own means allow."""

import os
from typing import Annotated, Any

import bentoml
import numpy as np
import onnxruntime
from bentoml.validators import ContentType

MAX_BATCH_ROWS = 256
MAX_LATENCY_MS = 60_000


@bentoml.service(name="fraud", workers=1, logging={"access": {"enabled": False}})
class FraudBest:
    """One ONNX session; BentoML's adaptive batching merges what waits."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            os.environ["BENCH_ONNX"], options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name
        self._output = os.environ["BENCH_OUTPUT"]
        self._names = os.environ["BENCH_FEATURES"].split(",")

    @bentoml.api(batchable=True, max_batch_size=MAX_BATCH_ROWS, max_latency_ms=MAX_LATENCY_MS)
    async def predict(
        self, instances: list[dict[str, float]]
    ) -> Annotated[list[Any], ContentType("application/json")]:
        """Named rows in, one probability a row out."""
        rows = np.array([[row[name] for name in self._names] for row in instances], np.float32)
        answers: list[Any] = (
            self._session.run([self._output], {self._input: rows})[0].ravel().tolist()
        )
        return answers
