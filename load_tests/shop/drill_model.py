"""What the gateway of the redaction drill serves: fraud, asked about orders and about customers."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from onnx import TensorProto, helper, save

from bentos.contract.datatype import Datatype
from bentos.contract.documents import (
    DocumentName,
    EndpointsBody,
    KillBody,
    RoutesBody,
    SchemasBody,
    VersionSchema,
)
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.route import Route, compile_features
from bentos.contract.signature import EntitySpec, InputSpec, ModelSignature, OutputSpec, Redaction
from load_tests.documents import make_caller, write_documents
from load_tests.installation.process import Process

MODEL, OUTPUT = "fraud", "fraud_probability"
VERSIONS = {"fraud:20260101-aaaaaaaa": -1.0, "fraud:20260103-cccccccc": 0.0}
"""The one that answers and its shadow, and what each adds before the sigmoid."""
WORKER = Path(__file__).resolve().parents[2] / "tests" / "gateway" / "version_process.py"
SIGNATURE = ModelSignature(
    model=MODEL,
    inputs=(
        InputSpec(name="amount", datatype=Datatype.FP32, minimum=0.0, maximum=1e6),
        InputSpec(name="note", datatype=Datatype.BYTES, required=False, redaction=Redaction.DROP),
        InputSpec(
            name="customer_id", datatype=Datatype.BYTES, required=False, redaction=Redaction.DROP
        ),
    ),
    entities=(EntitySpec(kind="customer", input="customer_id"),),
    outputs=(OutputSpec(name=OUTPUT, datatype=Datatype.FP32, minimum=0.0, maximum=1.0),),
)
SCHEMA = FeatureSchema(model=MODEL, features=(Feature(name="amount", source="input:amount"),))


def workers(folder: Path) -> dict[str, Process]:
    """A process of each version, not started yet."""
    schema = folder / "fraud.json"
    schema.write_bytes(msgspec.json.encode(SCHEMA))
    found = {}
    for version, bias in VERSIONS.items():
        name = version.rpartition("-")[2]
        graph = _graph(folder / f"{name}.onnx", bias)
        arguments = ["--graph", str(graph), "--schema", str(schema), "--fault", ""]
        arguments += ["--uds", str(_socket(folder, version)), "--keep-alive", "75"]
        program = (sys.executable, str(WORKER))
        found[version] = Process(name, arguments, folder / f"{name}.log", {}, program)
    return found


def start(processes: Mapping[str, Process], folder: Path) -> None:
    """Start them and wait until they listen."""
    for version, process in processes.items():
        process.start()
        process.wait_until(_socket(folder, version).exists, "its socket")


def caller_and_documents(home: Path, shop: str, folder: Path) -> str:
    """Write what a gateway needs to serve them; the key of a caller."""
    digest, features = SIGNATURE.digest(), SCHEMA.digest()
    entry = VersionSchema(model=MODEL, signature=digest, features=features)
    stable, shadow = VERSIONS
    route = Route(model=MODEL, stable=stable, shadow=(shadow,))
    caller, keys = make_caller(shop)
    places: dict[str, tuple[str, ...]] = {
        version: (f"unix:{_socket(folder, version)}",) for version in VERSIONS
    }
    bodies: dict[DocumentName, Any] = {
        DocumentName.SCHEMAS: SchemasBody(
            signatures={digest: SIGNATURE},
            features={features: SCHEMA},
            versions=dict.fromkeys(VERSIONS, entry),
            current={MODEL: digest},
        ),
        DocumentName.KEYS: keys,
        DocumentName.KILL: KillBody(),
        DocumentName.ENDPOINTS: EndpointsBody(versions=places),
        DocumentName.ROUTES: RoutesBody(features=compile_features((route,))),
    }
    write_documents(home, bodies)
    return caller


def _socket(folder: Path, version: str) -> Path:
    return folder / f"{version.rpartition('-')[2]}.sock"


def _graph(path: Path, bias: float) -> Path:
    """Of the amount alone: sigmoid(amount / 100 + bias)."""
    nodes = [
        helper.make_node("Mul", ["features", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["columns"]),
        helper.make_node("Squeeze", ["columns", "axes"], [OUTPUT]),
    ]
    graph = helper.make_graph(
        nodes,
        MODEL,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", 1])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["rows"])],
        [
            helper.make_tensor("axes", TensorProto.INT64, [1], [1]),
            helper.make_tensor("scale", TensorProto.FLOAT, [1], [0.01]),
            helper.make_tensor("bias", TensorProto.FLOAT, [1], [bias]),
        ],
    )
    opsets = [helper.make_opsetid("", 18)]
    save(helper.make_model(graph, opset_imports=opsets, ir_version=9), path)
    return path
