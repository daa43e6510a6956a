"""Which bytes of a built bento its digest covers: all of its source and its ONNX graph.

Packaging states this digest in the manifest; the worker computes it again before it serves.
The files BentoML writes with the time of building (bento.yaml, model.yaml) stay outside.
"""

from pathlib import Path

import bentoml

from bentos.contract.bento_digest import bento_digest
from bentos.contract.errors import ContractError

MODEL_ALIAS = "graph"
ONNX_FILE = "model.onnx"
SOURCE_FOLDER = "src"
# Written by importing the code, not part of it.
BYTECODE = "__pycache__"


def digest_of(bento: bentoml.Bento) -> str:
    """SHA-256 hex over the bento's ``src`` files and its ONNX file, the latter as ``model.onnx``.

    Raises ContractError if the bento has no source or does not name exactly one stored model.
    """
    source = Path(bento.path) / SOURCE_FOLDER
    files = {
        path.relative_to(source.parent).as_posix(): path.read_bytes()
        for path in source.rglob("*")
        if path.is_file() and BYTECODE not in path.parts
    }
    if not files:
        raise ContractError(f"bento {bento.tag}", "source files under src", "none")
    files[ONNX_FILE] = onnx_path(bento).read_bytes()
    return bento_digest(files)


def onnx_path(bento: bentoml.Bento) -> Path:
    """Where the graph lies that this bento is pinned to, by full tag, in the model store."""
    models = bento.info.all_models
    if len(models) != 1:
        raise ContractError(
            f"bento {bento.tag} models", "exactly one", [str(model.tag) for model in models]
        )
    return Path(bentoml.models.get(models[0].tag).path_of(ONNX_FILE))
