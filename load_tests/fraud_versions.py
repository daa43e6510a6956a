"""Two fraud versions in a store of their own, so that a benchmark touches nobody's models.

Run as ``python -m load_tests.fraud_versions ONNX`` with BENTOML_HOME set: BentoML reads its home
once per process. Prints the versions and their digests as JSON.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bentos.fraud.schema import SCHEMA, SIGNATURE

ROOT = Path(__file__).parents[1]
SERVICE = "bentos.fraud.service:FraudService"
SOURCES = ["bentos/*.py", "bentos/contract/*.py", "bentos/fraud/*.py"]
STABLE, CANARY = "20260101-0000000a", "20260101-0000000b"
TREES, DEPTH, ROWS = 100, 3, 2000


def trained_onnx(home: Path) -> Path | None:
    """The newest fraud graph trained on this machine, if there is one."""
    found = (home / "bentoml" / "models").glob(f"{SIGNATURE.model}*/*/*.onnx")
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def write_stand_in(path: Path) -> None:
    """Fit trees of the usual size on random rows: as fast as a trained graph, and as wide.

    Its answers mean nothing; only its speed is looked at.
    """
    from onnx import TensorProto, helper, numpy_helper, save  # noqa: PLC0415 - heavy, rarely used
    from skl2onnx import to_onnx  # noqa: PLC0415
    from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415

    (block,) = SCHEMA.tensors()
    (output,) = SIGNATURE.outputs
    rng = np.random.default_rng(0)
    rows = rng.random((ROWS, block.width), dtype=np.float32)
    labels = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0.8).astype(int)
    fitted = GradientBoostingClassifier(n_estimators=TREES, max_depth=DEPTH).fit(rows, labels)
    model = to_onnx(fitted, rows[:1], options={"zipmap": False}, target_opset=18)
    graph: Any = model.graph
    for node in graph.node:
        node.input[:] = [block.name if name == "X" else name for name in node.input]
    graph.input[0].name = block.name
    graph.initializer.append(numpy_helper.from_array(np.int64(1), "fraud_class"))
    graph.node.append(
        helper.make_node("Gather", ["probabilities", "fraud_class"], [output.name], axis=1)
    )
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(output.name, TensorProto.FLOAT, [None]))
    save(model, path)


def build(onnx: Path) -> dict[str, str]:
    """Build both versions around one graph; returns version tag → digest."""
    import bentoml  # noqa: PLC0415 - heavy, and not for the process that measures

    from bentos.bento_files import MODEL_ALIAS, ONNX_FILE, digest_of  # noqa: PLC0415 - imports it

    digests = {}
    for version in (STABLE, CANARY):
        tag = f"{SIGNATURE.model}:{version}"
        with bentoml.models.create(tag) as model:
            shutil.copy(onnx, model.path_of(ONNX_FILE))
        bento = bentoml.build(
            SERVICE,
            version=version,
            build_ctx=str(ROOT),
            include=SOURCES,
            models=[{"tag": tag, "alias": MODEL_ALIAS}],
            # Locking would ask a package index.
            python={"lock_packages": False},
        )
        digests[tag] = digest_of(bento)
    return digests


if __name__ == "__main__":
    print(json.dumps(build(Path(sys.argv[1]))))
