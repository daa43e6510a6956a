"""Versions in a store of their own, so that a benchmark touches nobody's models.

Run as ``python -m load_tests.bench_versions fraud ONNX`` or ``… wide FOLDER`` with BENTOML_HOME
set: BentoML reads its home once per process. Prints the versions and their digests as JSON.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from bentos.contract.features import FeatureSchema
from bentos.contract.signature import ModelSignature
from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.wide_model import WIDTH_VARIABLE, WIDTHS, wide_schema, wide_signature

ROOT = Path(__file__).parents[1]
FRAUD, WIDE = "fraud", "wide"
SERVICE = "load_tests.wide_service:WideService"
SOURCES = [
    *("bentos/*.py", "bentos/contract/*.py", "bentos/fraud/*.py"),
    *(f"load_tests/{name}.py" for name in ("__init__", "fraud_inputs", "wide_*")),
]
STABLE, CANARY, SHADOW = "20260101-0000000a", "20260101-0000000b", "20260101-0000000c"
TREES, DEPTH, ROWS = 100, 3, 2000


def write_stand_in(
    path: Path, signature: ModelSignature = SIGNATURE, schema: FeatureSchema = SCHEMA
) -> None:
    """Fit trees of the usual size on random rows: as fast as a trained graph, and as wide.

    Its answers mean nothing; only its speed is looked at.
    """
    from onnx import TensorProto, helper, numpy_helper, save  # noqa: PLC0415 - heavy, rarely used
    from skl2onnx import to_onnx  # noqa: PLC0415
    from sklearn.ensemble import GradientBoostingClassifier  # noqa: PLC0415

    (block,) = schema.tensors()
    (output,) = signature.outputs
    rng = np.random.default_rng(0)
    rows = rng.random((ROWS, block.width), dtype=np.float32)
    labels = (rows[:, 0] + rows[:, 1] * rows[:, 2] > 0.8).astype(int)
    fitted = GradientBoostingClassifier(
        n_estimators=TREES, max_depth=DEPTH, max_features=min(block.width, 24), random_state=0
    ).fit(rows, labels)
    model = to_onnx(fitted, rows[:1], options={"zipmap": False}, target_opset=18)
    graph: Any = model.graph
    for node in graph.node:
        node.input[:] = [block.name if name == "X" else name for name in node.input]
    graph.input[0].name = block.name
    graph.initializer.append(numpy_helper.from_array(np.int64(1), "positive_class"))
    graph.node.append(
        helper.make_node("Gather", ["probabilities", "positive_class"], [output.name], axis=1)
    )
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(output.name, TensorProto.FLOAT, [None]))
    save(model, path)


def build_versions(kind: str, source: Path, store: Path) -> dict[str, str]:
    """Build all versions of a kind into ``store``, in a process of its own; version → digest.

    ``source`` is the graph of ``fraud``, or the folder for the graphs of ``wide``.
    """
    built = subprocess.run(
        [sys.executable, "-m", "load_tests.bench_versions", kind, str(source)],
        env={**os.environ, "BENTOML_HOME": str(store), "BENTOML_DO_NOT_TRACK": "true"},
        stdout=subprocess.PIPE,
        check=True,
    )
    digests: dict[str, str] = json.loads(built.stdout.splitlines()[-1])
    return digests


def _build_fraud(onnx: Path) -> dict[str, str]:
    return dict(
        _build(f"{SIGNATURE.model}:{version}", onnx, SERVICE, SOURCES)
        for version in (STABLE, CANARY, SHADOW)
    )


def _build_wide(folder: Path) -> dict[str, str]:
    digests = {}
    for width in WIDTHS:
        onnx = folder / f"wide{width}.onnx"
        write_stand_in(onnx, wide_signature(width), wide_schema(width))
        # The service is imported while it is built, and once per process only.
        os.environ[WIDTH_VARIABLE] = str(width)
        for name in [name for name in sys.modules if name == SERVICE.partition(":")[0]]:
            del sys.modules[name]
        tag, digest = _build(f"wide{width}:{STABLE}", onnx, SERVICE, SOURCES)
        digests[tag] = digest
    return digests


def _build(tag: str, onnx: Path, service: str, sources: list[str]) -> tuple[str, str]:
    import bentoml  # noqa: PLC0415 - heavy, and not for the process that measures

    from bentos.bento_files import MODEL_ALIAS, ONNX_FILE, digest_of  # noqa: PLC0415 - imports it

    with bentoml.models.create(tag) as model:
        shutil.copy(onnx, model.path_of(ONNX_FILE))
    bento = bentoml.build(
        service,
        name=tag.partition(":")[0],
        version=tag.partition(":")[2],
        build_ctx=str(ROOT),
        include=sources,
        models=[{"tag": tag, "alias": MODEL_ALIAS}],
        # Locking would ask a package index.
        python={"lock_packages": False},
    )
    return tag, digest_of(bento)


if __name__ == "__main__":
    build = {FRAUD: _build_fraud, WIDE: _build_wide}[sys.argv[1]]
    print(json.dumps(build(Path(sys.argv[2]))))
