"""The peers: each starts in its own environment, as its own documentation would have it.

A peer that cannot be installed or started is absent, with the reason; it is never left out.
"""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from string import Template

from bentos.contract.oip import BINARY_CONTENT_TYPE, HEADER_LENGTH
from load_tests.fraud_inputs import SCHEMA, SIGNATURE
from load_tests.free_ports import free_port
from load_tests.http_connection import Target, render_request
from load_tests.model_rows import ModelRows
from load_tests.our_sides import Server
from load_tests.peer_environments import ENVIRONMENTS, LOCKS
from load_tests.rig import HOST, Rig
from load_tests.sides import BINARY, TENSOR, Side

CANARY_SHARE = "5 %"
MAX_BATCH_ROWS = 256
INFER_PATH = f"/v2/models/{SIGNATURE.model}/infer"
# Ours must not be importable from theirs.
CLEAN = {"PYTHONPATH": "", "BENTOML_DO_NOT_TRACK": "true"}


class PeerSides:
    """Starts peers around one graph. Every side has servers of its own: what one left behind is
    no other's to carry."""

    def __init__(self, rig: Rig, store: Path, onnx: Path, rows: ModelRows) -> None:
        self._rig = rig
        self._store = store
        self._rows = rows
        self._triton: Side | None = None
        self._graph = {
            **CLEAN,
            "BENCH_ONNX": str(onnx),
            "BENCH_MODEL": SIGNATURE.model,
            "BENCH_OUTPUT": SIGNATURE.outputs[0].name,
            "BENCH_FEATURES": ",".join(feature.source_name for feature in SCHEMA.features),
        }

    def stock(self, side: str, version: str, environment: dict[str, str] | None = None) -> Server:
        """``bentoml serve VERSION`` as installed, nothing added, for one side alone."""
        port = free_port()
        name = f"bentoml_{side}_{version.replace(':', '_')}"
        # Two `bentoml serve` under one home delete each other's metrics: a home for each.
        home = self._rig.folder / f"home_{name}"
        shutil.copytree(self._store, home)
        program = ENVIRONMENTS["bentoml"].program("bentoml")
        pid = self._rig.serve(
            name,
            [program, "serve", version, "--host", HOST, "--port", str(port)],
            ready=f"http://{HOST}:{port}/readyz",
            environment={**CLEAN, "BENTOML_HOME": str(home), **(environment or {})},
            folder=self._rig.folder,
        )
        return Server(f"http://{HOST}:{port}", (pid,))

    def bentoml(self, version: str) -> Side:
        """The stock bento called directly."""
        server = self.stock("direct", version)
        return Side(
            "bentoml",
            "bentoml serve, as installed",
            target_of(server),
            self._named("/predict"),
            server.pids,
        )

    def bentoml_best(self) -> Side:
        """A bento written for speed, with what makes uvicorn fast installed."""
        port = free_port()
        program = ENVIRONMENTS["bentoml_best"].program("bentoml")
        home = self._rig.folder / "home_bentoml_best"
        pid = self._rig.serve(
            "bentoml_best",
            [program, "serve", "service:FraudBest", "--host", HOST, "--port", str(port)],
            ready=f"http://{HOST}:{port}/readyz",
            environment={**self._graph, "BENTOML_HOME": str(home)},
            folder=LOCKS / "bentoml_best",
        )
        return Side(
            "bentoml_best",
            "bentoml serve, at its best",
            Target(HOST, port),
            self._named("/predict"),
            (pid,),
        )

    def envoy(self, stable: str, canary: str) -> Side:
        """Envoy splitting 95/5 between two stock bentos."""
        program = ENVIRONMENTS["envoy"].program("envoy")
        one, other = self.stock("envoy", stable), self.stock("envoy", canary)
        port, admin = free_port(), free_port()
        config = self._rig.folder / "envoy.yaml"
        template = Template((LOCKS / "envoy" / "envoy.yaml").read_text())
        ports = {"stable": target_of(one).port, "canary": target_of(other).port}
        config.write_text(template.substitute(port=port, admin=admin, **ports))
        pid = self._rig.serve(
            "envoy",
            [program, "-c", str(config), "--concurrency", "1", "--log-level", "warning"],
            ready=f"http://{HOST}:{port}/readyz",
        )
        return Side(
            "envoy",
            f"Envoy ({CANARY_SHARE} canary) before bentoml serve",
            Target(HOST, port),
            self._named("/predict"),
            (pid, *one.pids, *other.pids),
        )

    def mlserver(self, name: str, workers: int, *, batching: bool = True) -> Side:
        """MLServer with a runtime of its own; ``workers`` 0 infers in the process that
        answers. Without adaptive batching it is faster at one connection."""
        folder = self._rig.folder / name
        shutil.copytree(LOCKS / "mlserver", folder)
        if not batching:
            settings_file = folder / "model-settings.json"
            model = json.loads(settings_file.read_text())
            settings_file.write_text(json.dumps({**model, "max_batch_size": 0}))
        port = free_port()
        settings = {
            "MLSERVER_HTTP_PORT": str(port),
            "MLSERVER_GRPC_PORT": str(free_port()),
            "MLSERVER_METRICS_PORT": str(free_port()),
            "MLSERVER_HOST": HOST,
            "MLSERVER_PARALLEL_WORKERS": str(workers),
        }
        pid = self._rig.serve(
            name,
            [ENVIRONMENTS["mlserver"].program("mlserver"), "start", "."],
            ready=f"http://{HOST}:{port}/v2/models/{SIGNATURE.model}/ready",
            environment={**self._graph, **settings},
            folder=folder,
        )
        batches = "adaptive batching" if batching else "no batching"
        label = f"MLServer, {batches}, parallel_workers={workers}"
        return Side(name, label, Target(HOST, port), self._tensors(), (pid,), TENSOR)

    def triton(self) -> Side:
        """Triton by PyTriton, dynamic batching."""
        if self._triton is not None:
            return self._triton
        port = free_port()
        pid = self._rig.serve(
            "triton",
            [ENVIRONMENTS["triton"].program("python"), str(LOCKS / "triton" / "app.py")],
            ready=f"http://{HOST}:{port}/v2/models/{SIGNATURE.model}/ready",
            environment={**self._graph, "BENCH_PORT": str(port)},
            folder=self._rig.folder,
        )
        label = "Triton (PyTriton), dynamic batching"
        target = Target(HOST, port)
        self._triton = Side("triton", label, target, self._tensors(), (pid,), TENSOR)
        return self._triton

    def triton_binary(self) -> Side:
        """The same Triton, asked with binary tensors."""
        requests = tuple(
            render_request(INFER_PATH, body, {HEADER_LENGTH: str(length)}, BINARY_CONTENT_TYPE)
            for body, length in self._rows.binary_packed()
        )
        return replace(
            self.triton(),
            name="triton_binary",
            label="Triton, OIP binary",
            requests=requests,
            body=BINARY,
        )

    def ray(self) -> Side:
        """Ray Serve, one batching replica."""
        proxy, port = free_port(), free_port()
        settings = {
            "BENCH_PORT": str(proxy),
            # The replica's own port, as a load balancer would call it: through Ray's proxy a
            # request costs many times as much.
            "RAY_SERVE_DIRECT_INGRESS_MIN_HTTP_PORT": str(port),
            "RAY_SERVE_DIRECT_INGRESS_MAX_HTTP_PORT": str(port + 1),
            "BENCH_RAY_HOME": str(self._rig.folder / "ray"),
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
        }
        pid = self._rig.serve(
            "ray",
            [ENVIRONMENTS["ray"].program("python"), str(LOCKS / "ray" / "app.py")],
            ready=f"http://{HOST}:{port}/-/healthz",
            environment={**self._graph, **settings},
            folder=self._rig.folder,
        )
        label = "Ray Serve, @serve.batch, direct ingress"
        return Side("ray", label, Target(HOST, port), self._named("/"), (pid,))

    def _named(self, path: str) -> tuple[bytes, ...]:
        return tuple(render_request(path, body) for body in self._rows.named())

    def _tensors(self) -> tuple[bytes, ...]:
        return tuple(render_request(INFER_PATH, body) for body in self._rows.packed_tensor())


def target_of(server: Server) -> Target:
    """Where a server that listens on TCP gets its requests."""
    return Target(HOST, int(server.address.rpartition(":")[2]))
