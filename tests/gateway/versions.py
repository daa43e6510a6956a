"""Versions of a model as real processes, with graphs made for the test."""

import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec
from onnx import TensorProto, helper, save

from tests.gateway import version_process
from tests.gateway.installation import NARROW

# Forked from a process that has loaded what they need: more than a hundred are started in a run.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([version_process.__name__])


def build_graph(path: Path, columns: int, bias: float, output: float | None = None) -> Path:
    """fraud_probability = sigmoid(sum of features / 100 + bias), or a constant."""
    nodes = [
        helper.make_node("ReduceSum", ["features", "axes"], ["total"], keepdims=0),
        helper.make_node("Mul", ["total", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "bias"], ["logit"]),
        helper.make_node("Sigmoid", ["logit"], ["probability"]),
        helper.make_node("Mul", ["probability", "factor"], ["fraud_probability"]),
    ]
    factor = 1.0 if output is None else output
    constants = [
        helper.make_tensor("axes", TensorProto.INT64, [1], [1]),
        helper.make_tensor("scale", TensorProto.FLOAT, [1], [0.01]),
        helper.make_tensor("bias", TensorProto.FLOAT, [1], [bias]),
        helper.make_tensor("factor", TensorProto.FLOAT, [1], [factor]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["rows", columns])],
        [helper.make_tensor_value_info("fraud_probability", TensorProto.FLOAT, ["rows"])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    save(model, path)
    return path


@dataclass
class Versions:
    """Version processes of one test module; each ends with the fixture."""

    folder: Path
    running: dict[str, BaseProcess] = field(default_factory=dict)
    count: int = 0

    def start(
        self,
        schema=NARROW,
        bias: float = -1.0,
        fault: str = "",
        output: float | None = None,
        keep_alive: int = 75,
    ) -> str:
        """Start a version; returns its address."""
        self.count += 1
        name = f"v{self.count}"
        columns = len(schema.features)
        graph = build_graph(self.folder / f"{name}.onnx", columns, bias, output)
        schema_path = self.folder / f"{name}.json"
        schema_path.write_bytes(msgspec.json.encode(schema))
        socket_path = self.folder / f"{name}.sock"
        asked = (str(graph), str(schema_path), str(socket_path), fault, keep_alive)
        address = f"unix:{socket_path}"
        self.running[address] = _FORKS.Process(target=version_process.serve, args=asked)
        self.running[address].start()
        self._wait(socket_path, self.running[address])
        return address

    def kill(self, address: str) -> None:
        process = self.running.pop(address)
        process.kill()
        process.join()

    def signal(self, address: str, number: signal.Signals) -> None:
        os.kill(self.running[address].pid, number)

    def stop(self) -> None:
        for address in list(self.running):
            self.kill(address)

    def _wait(self, socket_path: Path, process: BaseProcess) -> None:
        for _ in range(6000):
            assert process.is_alive(), "the version process died at start"
            if socket_path.exists():
                return
            time.sleep(0.01)
        raise AssertionError(f"{socket_path} never appeared")
