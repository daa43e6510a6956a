"""The bento of a measured model: the fraud model's inputs, or BENCH_WIDTH of them (one bento's
source, several models)."""

import os
from typing import Any

import bentoml

from bentos.bento_files import MODEL_ALIAS, ONNX_FILE
from bentos.instances import pack, unpack
from bentos.oip_app import OipApp
from bentos.onnx_model import OnnxModel
from load_tests import fraud_inputs
from load_tests.wide_model import WIDTH_VARIABLE, wide_schema, wide_signature

WIDTH = int(os.environ.get(WIDTH_VARIABLE, "0"))
SIGNATURE = wide_signature(WIDTH) if WIDTH else fraud_inputs.SIGNATURE
SCHEMA = wide_schema(WIDTH) if WIDTH else fraud_inputs.SCHEMA
oip = OipApp(SCHEMA)


@bentoml.asgi_app(oip, path="/v2")
@bentoml.service(name=SCHEMA.model)
class WideService:
    """The fraud bento's service, with other names."""

    signature = SIGNATURE
    schema = SCHEMA

    def __init__(self) -> None:
        stored = bentoml.models.get(MODEL_ALIAS)
        self.model = OnnxModel(stored.path_of(ONNX_FILE))
        oip.bind(self.model, str(stored.tag.version))

    @bentoml.api  # type: ignore[untyped-decorator, unused-ignore]
    def predict(self, instances: list[dict[str, Any]]) -> dict[str, Any]:
        """``{"instances": [{input: value}]}`` → ``{"predictions": [{output: value}]}``."""
        return {
            "predictions": unpack(self.model.run(pack(instances, SIGNATURE, SCHEMA)), SIGNATURE)
        }
