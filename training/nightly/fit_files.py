"""A fitted model between two steps: its graph as a file, and itself, for the parity gate.

The model is pickled. It is read back by the same code under the same lock only, as both are part
of what it is kept under, and only if its bytes are those that were written.
"""

import pickle
from pathlib import Path

from bentos.contract.errors import ContractError
from training import atomic
from training.fingerprint import file_digest
from training.fitted import Fitted
from training.nightly.outputs import Fit

GRAPH_FILE = "model.onnx"
MODEL_FILE = "fitted.pickle"


def store(place: Path, fitted: Fitted) -> Fit:
    """Write both into a folder that appears whole."""
    with atomic.folder(place) as partial:
        (partial / GRAPH_FILE).write_bytes(fitted.onnx)
        with (partial / MODEL_FILE).open("wb") as file:
            pickle.dump(fitted, file, protocol=5)
    files = {name: file_digest(place / name) for name in (GRAPH_FILE, MODEL_FILE)}
    return Fit(
        folder=place.as_posix(),
        files=files,
        onnx_digest=files[GRAPH_FILE],
        offline=fitted.offline,
        parameters=dict(fitted.parameters),
    )


def stands(fit: Fit) -> bool:
    """Whether both files are there with the bytes that were written."""
    folder = Path(fit.folder)
    return all(
        (folder / name).is_file() and file_digest(folder / name) == digest
        for name, digest in fit.files.items()
    )


def load(fit: Fit) -> Fitted:
    """The fitted model; raises ContractError if its bytes are not those that were written."""
    if not stands(fit):
        raise ContractError(fit.folder, "the fitted model as it was written", "other bytes")
    with (Path(fit.folder) / MODEL_FILE).open("rb") as file:
        fitted = pickle.load(file)  # noqa: S301 - our own bytes, told by their digest
    if not isinstance(fitted, Fitted):
        raise ContractError(fit.folder, "a fitted model", type(fitted).__name__)
    return fitted
