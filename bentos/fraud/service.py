"""The fraud bento: named values by ``predict``, tensors by Open Inference Protocol v2."""

from typing import Any

import bentoml

from bentos.bento_files import MODEL_ALIAS, ONNX_FILE
from bentos.contract.errors import ContractError
from bentos.fraud.schema import MODEL, SCHEMA, SIGNATURE
from bentos.instances import pack, unpack
from bentos.oip_app import OipApp
from bentos.onnx_model import OnnxModel

oip = OipApp(SCHEMA)


@bentoml.asgi_app(oip, path="/v2")
@bentoml.service(name=MODEL)
class FraudService:
    """One version: the graph its bento is pinned to, loaded and warm when this is made."""

    signature = SIGNATURE
    schema = SCHEMA

    def __init__(self) -> None:
        stored = bentoml.models.get(MODEL_ALIAS)
        self.model = OnnxModel(stored.path_of(ONNX_FILE))
        oip.bind(self.model, str(stored.tag.version))

    @bentoml.api  # type: ignore[untyped-decorator, unused-ignore]
    def predict(self, instances: list[dict[str, Any]]) -> dict[str, Any]:
        """``{"instances": [{input: value}]}`` → ``{"predictions": [{output: value}]}``."""
        try:
            answers = self.model.run(pack(instances, SIGNATURE, SCHEMA))
        except ContractError as error:
            raise bentoml.exceptions.InvalidArgument(str(error)) from error
        return {"predictions": unpack(answers, SIGNATURE)}
