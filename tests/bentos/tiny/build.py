"""Build the tiny bento in BENTOML_HOME: ``python build.py PROJECT_FOLDER VERSION``; prints JSON."""

import json
import shutil
import sys
from pathlib import Path

from onnx import TensorProto, checker, helper, save

CHECKOUT = Path(__file__).parents[3] / "bentos"


def graph():
    nodes = [helper.make_node("ReduceSum", ["features", "axes"], ["total"], keepdims=0)]
    body = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", 3])],
        [helper.make_tensor_value_info("total", TensorProto.FLOAT, ["rows"])],
        [helper.make_tensor("axes", TensorProto.INT64, [1], [1])],
    )
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    checker.check_model(model)
    return model


def lay_out(project):
    package = project / "bentos"
    shutil.copytree(CHECKOUT / "contract", package / "contract")
    for source in CHECKOUT.glob("*.py"):
        shutil.copy(source, package)
    # Tells the bento's own copy of the lane from the checkout's.
    lane = package / "oip_app.py"
    lane.write_text(lane.read_text().replace("signalbox-bento", "tiny-bento"))
    (package / "tiny").mkdir()
    (package / "tiny" / "__init__.py").touch()
    shutil.copy(Path(__file__).with_name("service.py"), package / "tiny")


def main(project, version):
    lay_out(project)
    # BentoML imports the service to build it: from the project, not from the checkout.
    sys.path.insert(0, str(project))
    import bentoml  # noqa: PLC0415

    from bentos.bento_files import MODEL_ALIAS, ONNX_FILE, digest_of  # noqa: PLC0415

    with bentoml.models.create(f"tiny:{version}") as model:
        save(graph(), model.path_of(ONNX_FILE))
    bento = bentoml.build(
        "bentos.tiny.service:Tiny",
        version=version,
        build_ctx=str(project),
        # Locking would resolve packages over the network.
        python={"lock_packages": False},
        models=[{"tag": f"tiny:{version}", "alias": MODEL_ALIAS}],
    )
    print(json.dumps({"tag": str(bento.tag), "digest": digest_of(bento), "path": bento.path}))


main(Path(sys.argv[1]), sys.argv[2])
