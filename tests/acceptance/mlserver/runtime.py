"""A model for MLServer that is as small as one can be: the sum of each row."""

import numpy as np
from mlserver import MLModel
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput


class Sum(MLModel):
    """Answers FP32 ``total`` for FP32 ``features`` of [rows, 3]."""

    async def load(self) -> bool:
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        [tensor] = payload.inputs
        rows = np.array(tensor.data.root, dtype=np.float32).reshape(tensor.shape)
        totals = rows.sum(axis=1)
        output = ResponseOutput(
            name="total", shape=[len(totals)], datatype="FP32", data=totals.tolist()
        )
        return InferenceResponse(model_name=self.name, outputs=[output])
