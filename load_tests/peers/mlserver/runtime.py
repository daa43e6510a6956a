"""The fraud graph as an MLServer runtime: no codec between the request's list and the array."""

import os

import numpy as np
import onnxruntime
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class FraudRuntime(MLModel):
    """One ONNX session; MLServer's adaptive batching merges what waits."""

    async def load(self) -> bool:
        """Open the graph named by BENCH_ONNX."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            os.environ["BENCH_ONNX"], options, providers=["CPUExecutionProvider"]
        )
        self._output = os.environ["BENCH_OUTPUT"]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Rows in, one probability a row out."""
        tensor = payload.inputs[0]
        rows = np.array(tensor.data.root, dtype=np.float32).reshape(tensor.shape)
        answers = self._session.run([self._output], {tensor.name: rows})[0]
        output = ResponseOutput(
            name=self._output, shape=[len(rows)], datatype="FP32", data=answers.ravel().tolist()
        )
        return InferenceResponse(model_name=self.name, outputs=[output])
