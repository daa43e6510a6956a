"""A bento as small as one can be: the sum of three features."""

from typing import Any

import bentoml
import numpy as np

from bentos.contract.features import Feature, FeatureSchema
from bentos.oip_app import OipApp
from bentos.onnx_model import OnnxModel

SCHEMA = FeatureSchema(
    model="tiny",
    features=tuple(
        Feature(name=name, source=f"input:{name}", default=1.0) for name in ("a", "b", "c")
    ),
)
LANE = OipApp(SCHEMA)


@bentoml.asgi_app(LANE, path="/v2")
@bentoml.service(name="tiny")
class Tiny:
    def __init__(self) -> None:
        self.model = OnnxModel(bentoml.models.get("graph").path_of("model.onnx"))
        LANE.bind(self.model, bentoml.server_context.bento_version)

    @bentoml.api
    def predict(self, instances: list[dict[str, float]]) -> dict[str, Any]:
        rows = np.array([[row["a"], row["b"], row["c"]] for row in instances], dtype=np.float32)
        return {"predictions": self.model.run({"features": rows})["total"].tolist()}
