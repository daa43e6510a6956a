"""What the gateway's tests share: version processes, signed documents, an app to call."""

import asyncio
import base64
import hashlib
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from onnx import TensorProto, helper, save

from bentos.contract import documents
from bentos.contract.attributes import AttributeType
from bentos.contract.datatype import Datatype
from bentos.contract.decision import Decision, Latency, PersonalPart, Reason
from bentos.contract.documents import DocumentHeader, DocumentName, Revision
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.route import CanaryRule, Route, compile_features
from bentos.contract.segment import read_frames
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction
from gateway.app import App
from gateway.decision_log import DecisionLog
from gateway.flush import Flush
from gateway.shadow import ShadowMirror
from gateway.shadow_serving import ShadowServing
from tests.brief_decisions import brief

SECRET = "s" * 43
OTHER_SECRET = "t" * 43
PATIENT = {"x-request-timeout-ms": "20000"}
STABLE = "fraud:20260101-aaaaaaaa"
CANARY = "fraud:20260102-bbbbbbbb"
SHADOW = "fraud:20260103-cccccccc"
VERSION_PROCESS = Path(__file__).with_name("version_process.py")

SIGNATURE = ModelSignature(
    model="fraud",
    inputs=(
        InputSpec(name="amount", datatype=Datatype.FP32, minimum=0.0, maximum=1e6),
        InputSpec(name="hour", datatype=Datatype.FP32, required=False),
        InputSpec(name="note", datatype=Datatype.BYTES, required=False, redaction=Redaction.DROP),
    ),
    outputs=(
        OutputSpec(name="fraud_probability", datatype=Datatype.FP32, minimum=0.0, maximum=1.0),
    ),
)
NARROW = FeatureSchema(model="fraud", features=(Feature(name="amount", source="input:amount"),))
WIDE = FeatureSchema(
    model="fraud",
    features=(
        Feature(name="amount", source="input:amount", maximum=100.0),
        Feature(name="hour", source="input:hour", default=12.0),
    ),
)


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
    running: dict[str, subprocess.Popen] = field(default_factory=dict)
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
        command = [
            sys.executable,
            str(VERSION_PROCESS),
            "--graph",
            str(graph),
            "--schema",
            str(schema_path),
            "--uds",
            str(socket_path),
            "--fault",
            fault,
            "--keep-alive",
            str(keep_alive),
        ]
        address = f"unix:{socket_path}"
        self.running[address] = subprocess.Popen(command)
        self._wait(socket_path, self.running[address])
        return address

    def kill(self, address: str) -> None:
        process = self.running.pop(address)
        process.kill()
        process.wait()

    def signal(self, address: str, number: signal.Signals) -> None:
        self.running[address].send_signal(number)

    def stop(self) -> None:
        for address in list(self.running):
            self.kill(address)

    def _wait(self, socket_path: Path, process: subprocess.Popen) -> None:
        for _ in range(400):
            assert process.poll() is None, "the version process died at start"
            if socket_path.exists():
                return
            time.sleep(0.05)
        raise AssertionError(f"{socket_path} never appeared")


class Publisher:
    """Signs documents as the control plane would."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.key = Ed25519PrivateKey.generate()
        self.number = 0
        keys = home / "keys"
        keys.mkdir(parents=True)
        public = self.key.public_key()
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (keys / "documents.pub").write_bytes(pem)
        (keys / "pseudonym.key").write_text("ab" * 32)
        (keys / "gateway.key").write_text("sbx_0123456789ab_" + "g" * 43)

    def sign(self, name: DocumentName, body, revision: Revision | None = None, key=None):
        data = documents.encode_body(body)
        if revision is None:
            self.number += 1
            revision = Revision(1, self.number)
        header = DocumentHeader(
            name=name,
            revision=revision,
            digest=hashlib.sha256(data).hexdigest(),
            size=len(data),
            at=datetime.now(UTC).isoformat(timespec="microseconds"),
            key_id="documents-1",
        )
        signature = (key or self.key).sign(documents.signing_input(header))
        header = msgspec.structs.replace(header, signature=base64.b64encode(signature).decode())
        return header, data


def keys_body() -> documents.KeysBody:
    digest = hashlib.sha256(SECRET.encode()).hexdigest()
    other = hashlib.sha256(OTHER_SECRET.encode()).hexdigest()
    return documents.KeysBody(
        keys={
            "aaaaaaaaaaaa": documents.CallerKey(
                digest=digest, shop="demo-shop", name="all", scopes=("infer", "pin")
            ),
            "bbbbbbbbbbbb": documents.CallerKey(
                digest=other, shop="demo-shop", name="pricing only", models=("pricing",)
            ),
            "cccccccccccc": documents.CallerKey(digest=other, shop="another", name="not ours"),
            "dddddddddddd": documents.CallerKey(
                digest=other, shop="demo-shop", name="old", expires_at="2020-01-01T00:00:00+00:00"
            ),
            "eeeeeeeeeeee": documents.CallerKey(
                digest=other, shop="demo-shop", name="slow", rate=2
            ),
        }
    )


def schemas_body(other: dict[str, FeatureSchema] | None = None) -> documents.SchemasBody:
    """What is usual, with another feature schema for some versions."""
    tags = {STABLE: NARROW, CANARY: WIDE, SHADOW: NARROW, **(other or {})}
    features = {schema.digest(): schema for schema in (NARROW, WIDE, *tags.values())}
    signature = SIGNATURE.digest()
    return documents.SchemasBody(
        signatures={signature: SIGNATURE},
        features=features,
        versions={
            tag: documents.VersionSchema(
                model="fraud", signature=signature, features=schema.digest()
            )
            for tag, schema in tags.items()
        },
        current={"fraud": signature},
        attributes={"country": AttributeType.STRING},
    )


def route(buckets: int | None = None, shadow: tuple[str, ...] = (), condition=None):
    canary = None
    if buckets is not None:
        canary = CanaryRule(
            release_id="rel-1", step=1, candidate=CANARY, buckets=buckets, condition=condition
        )
    return documents.RoutesBody(
        features=compile_features(
            (Route(model="fraud", stable=STABLE, shadow=shadow, canary=canary),)
        )
    )


class Gateway:
    """An App started in this event loop, with a client."""

    def __init__(
        self,
        app: App,
        publisher: Publisher,
        client: httpx.AsyncClient,
        sink: socket.socket | None = None,
    ) -> None:
        self.app = app
        self.publisher = publisher
        self.client = client
        self.sink = sink
        self.shadow: ShadowServing | None = None

    @property
    def serving(self):
        return self.app._serving

    def publish(self, name: DocumentName, body) -> None:
        self.serving.store.accept(*self.publisher.sign(name, body))
        self.serving.store.keep()

    def publish_all(self, endpoints: dict[str, str], routes) -> None:
        self.publish(DocumentName.SCHEMAS, schemas_body())
        self.publish(DocumentName.KEYS, keys_body())
        self.publish(DocumentName.KILL, documents.KillBody())
        places = {tag: (address,) for tag, address in endpoints.items()}
        self.publish(DocumentName.ENDPOINTS, documents.EndpointsBody(versions=places))
        self.publish(DocumentName.ROUTES, routes)

    async def connected(self) -> None:
        for _ in range(200):
            lanes = self.serving.snapshot.lanes.values()
            if lanes and all(lane.reachable for lane in lanes):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("lanes never connected")

    async def start_shadow(self, **limits) -> ShadowMirror:
        """What the shadow process does, in this event loop, with other limits than usual."""
        config = self.serving.config.model_copy(update=limits)
        self.shadow = ShadowServing(config, "g.shadow", "boot2", self.sink)
        # LMDB lets one process open an environment once.
        self.shadow.features = self.serving.features
        await self.shadow.start()
        return self.shadow.mirror

    async def predict(self, key="shopper-1", instances=None, headers=None, **more):
        body = {"targeting_key": key, "instances": instances or [{"amount": 10.0}], **more}
        return await self.client.post("/v1/models/fraud:predict", json=body, headers=headers)


async def keep(log: DecisionLog, make_decision, personal) -> bool:
    """Write a decision and wait until it is kept."""
    kept = await log.write(lambda seq: brief(log, make_decision(seq), personal))
    return await log.on_disk(kept) if isinstance(kept, Flush) else kept


def frames(gateway: Gateway, kind: type) -> list:
    """What its logs hold of one kind; closes them."""
    gateway.serving.log.close()
    if gateway.shadow is not None:
        gateway.shadow.log.close()
    found = []
    for path in sorted(gateway.serving.config.segments_path.iterdir()):
        found += [frame for frame in read_frames(path) if isinstance(frame, kind)]
    return found


def make_decision(seq: int) -> Decision:
    return Decision(
        decision_id=f"id-{seq}",
        shop="demo-shop",
        at="2026-01-01T00:00:00.000000+00:00",
        gateway="g",
        boot="b1",
        seq=seq,
        model="fraud",
        release_id=None,
        step=None,
        revision=Revision(1, 1),
        assigned_version=STABLE,
        served_version=STABLE,
        variant="stable",
        reason=Reason.STATIC,
        bucket=None,
        status=200,
        rows=1,
        latency_us=Latency(1, 1, 1, 1),
        batch_rows=1,
        feature_age_s=None,
        schema_digest=None,
    )


def make_personal() -> PersonalPart:
    return PersonalPart(
        subject="S",
        pseudonym_key_id="k",
        entities={},
        inputs={"amount": [1.0]},
        outputs={"fraud_probability": [0.5]},
        attributes={},
        salt="00" * 16,
    )
