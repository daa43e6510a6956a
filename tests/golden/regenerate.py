"""The contract's golden files: what the same records looked like when they were agreed on.

    python -m tests.golden.regenerate

writes them anew. Do that only when a change of the contract is meant: old segments,
signatures and proofs in the field were made with the bytes that are there now.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from msgspec import structs

from bentos.contract import canonical, decision, documents, merkle, oip, register, route, segment
from bentos.contract.attributes import AttributeType
from bentos.contract.bento_digest import bento_digest
from bentos.contract.datatype import Datatype
from bentos.contract.decision import Decision, Latency, PersonalPart, Reason, ShadowOutcome
from bentos.contract.documents import CallerKey, DocumentHeader, DocumentName, KillEntry, Revision
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.identity import Pseudonymizer
from bentos.contract.manifest import DatasetRef, Manifest, OfflineMetrics, ParityReport
from bentos.contract.oip import InferRequest, InferResponse, Tensor, WantedOutput
from bentos.contract.register import Action, Actor, ActorType, Outcome, RegisterEvent
from bentos.contract.route import CanaryRule, Route
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction
from tests.brief_decisions import brief_of, context_of
from tests.golden.features import online_store_file

GOLDEN = Path(__file__).resolve().parent
STABLE = "fraud:20261122-1a2b3c4d"
CANDIDATE = "fraud:20261123-5e6f7a8b"
# A key for these files alone: 32 bytes that nobody keeps a secret.
SIGNING_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PSEUDONYM_KEY = bytes(range(32, 64))

SIGNATURE = ModelSignature(
    model="fraud",
    inputs=(
        InputSpec(name="order_value", datatype=Datatype.FP64, minimum=0.0),
        InputSpec(
            name="history",
            datatype=Datatype.INT64,
            shape=(-1,),
            required=False,
            default=[],
            max_length=64,
        ),
        InputSpec(name="country", datatype=Datatype.BYTES, redaction=Redaction.PUBLIC),
    ),
    outputs=(
        OutputSpec(name="probability", datatype=Datatype.FP32, minimum=0.0, maximum=1.0),
        OutputSpec(name="reasons", datatype=Datatype.BYTES, shape=(3,)),
    ),
)
SCHEMA = FeatureSchema(
    model="fraud",
    features=(
        Feature(name="order_value", source="input:order_value", minimum=0.0, maximum=1e6),
        Feature(
            name="history",
            source="input:history",
            datatype=Datatype.INT64,
            tensor="history",
            width=8,
            default=-1,
        ),
        Feature(name="orders_30d", source="view:shopper@3:orders_30d"),
    ),
)
PERSONAL = PersonalPart(
    subject="ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    pseudonym_key_id="k1",
    entities={"shopper": "ZYXWVUTSRQPONMLKJIHGFEDCBA"},
    inputs={"order_value": [12.5], "note": "naïve 😀"},
    outputs={"probability": [0.03125]},
    attributes={"country": "DE", "returning": True, "orders": 7},
    salt="000102030405060708090a0b0c0d0e0f",
)
DECISION = Decision(
    decision_id="0193571a-7b00-7c4f-8a21-5d2f4e6a9b01",
    shop="demo-shop",
    at="2026-11-22T08:30:00.123456Z",
    gateway="gateway-1",
    boot="0193571a-0000-7000-8000-000000000001",
    seq=41,
    model="fraud",
    release_id="rel_1",
    step=1,
    revision=Revision(1, 17),
    assigned_version=CANDIDATE,
    served_version=STABLE,
    variant="canary",
    reason=Reason.FALLBACK,
    bucket=123,
    status=200,
    rows=1,
    latency_us=Latency(total=1234, features=56, queue=78, lane=900),
    batch_rows=4,
    feature_age_s=0.5,
    schema_digest=SCHEMA.digest(),
    commitment=decision.commitment(PERSONAL),
)
SHADOW = ShadowOutcome(
    decision_id=DECISION.decision_id,
    version=CANDIDATE,
    status="ok",
    latency_us=850,
    outputs={"probability": [0.03]},
    comparison={"probability": 0.00125},
    agrees=True,
)
EVENT = RegisterEvent(
    seq=7,
    id="0193571a-7b00-7c4f-8a21-5d2f4e6a9b02",
    at="2026-11-22T08:31:00.000001Z",
    actor=Actor(type=ActorType.PERSON, id="mia", auth_method="api_key", key_id="0a1b2c3d4e5f"),
    action=Action.RELEASE_RAMP,
    entity="release:rel_1",
    outcome=Outcome.ALLOWED,
    ip="127.0.0.1",
    user_agent="signalbox/0.1.0",
    request_id="req-1",
    entity_revision=3,
    before=hashlib.sha256(b"before").hexdigest(),
    after=hashlib.sha256(b"after").hexdigest(),
    diff={"weight": [0.05, 0.25]},
    reason="five quiet minutes",
    ticket="OPS-7",
    approvals=("0193571a-7b00-7c4f-8a21-5d2f4e6a9b03",),
)
MANIFEST = Manifest(
    version=STABLE,
    model="fraud",
    bento_digest=hashlib.sha256(b"bento").hexdigest(),
    onnx_digest=hashlib.sha256(b"onnx").hexdigest(),
    signature=SIGNATURE,
    features=SCHEMA,
    dataset=DatasetRef(
        digest=hashlib.sha256(b"dataset").hexdigest(),
        parts={"lines.parquet": hashlib.sha256(b"lines").hexdigest()},
        source="complete-journey",
        rows=1000,
        assumptions=("unit cost = 0.6 of the price",),
    ),
    consent_basis="contract",
    code_commit="0" * 40,
    lock_digest=hashlib.sha256(b"lock").hexdigest(),
    seed=7,
    cpu_kernels={"blas": "openblas/Haswell", "ort": "MLAS/avx2"},
    offline=OfflineMetrics(
        protocol="last 20 % by time",
        primary="average_precision",
        higher_is_better=True,
        model={"average_precision": 0.61, "brier": 0.02},
        baseline_name="order value alone",
        baseline={"average_precision": 0.2, "brier": 0.04},
    ),
    parity=ParityReport(
        rows=200,
        edge_rows=16,
        max_abs_error=1.2e-7,
        mismatches=0,
        tolerance="abs 1e-5",
        passed=True,
    ),
    budgets={"onnx_bytes": 120000, "p50_us": 35.5},
    feature_views=("shopper@3",),
    expected_shift={"probability": {"mean": 0.01}},
)
ROUTES = (
    Route(
        model="fraud",
        stable=STABLE,
        canary=CanaryRule(
            release_id="rel_1",
            step=1,
            candidate=CANDIDATE,
            buckets=500,
            condition={"country": {"$in": ["DE", "FR"]}},
        ),
    ),
    Route(model="pricing", stable="pricing:20261122-00000001", shadow=("pricing:20261123-2",)),
    Route(model="recommendations", stable="recommendations:20261122-00000002"),
)
BODIES: dict[DocumentName, Any] = {
    DocumentName.KILL: documents.KillBody(
        models={"fraud": KillEntry(id="kill_1", version=STABLE, reason="the canary misbehaves")}
    ),
    DocumentName.ROUTES: documents.RoutesBody(features=route.compile_features(ROUTES)),
    DocumentName.ENDPOINTS: documents.EndpointsBody(
        versions={STABLE: ("unix:/run/signalbox/fraud-0.sock", "http://10.0.0.7:3000")}
    ),
    DocumentName.SCHEMAS: documents.SchemasBody(
        signatures={SIGNATURE.digest(): SIGNATURE},
        features={SCHEMA.digest(): SCHEMA},
        versions={
            STABLE: documents.VersionSchema(
                model="fraud", signature=SIGNATURE.digest(), features=SCHEMA.digest()
            )
        },
        current={"fraud": SIGNATURE.digest()},
        attributes={"country": AttributeType.STRING, "orders": AttributeType.NUMBER},
    ),
    DocumentName.KEYS: documents.KeysBody(
        keys={
            "0a1b2c3d4e5f": CallerKey(
                digest=hashlib.sha256(b"secret").hexdigest(),
                shop="demo-shop",
                name="storefront",
                models=("recommendations", "pricing"),
                rate=500,
                expires_at="2027-11-22T00:00:00.000000Z",
            )
        }
    ),
}


def signed_header(name: DocumentName, data: bytes, number: int) -> DocumentHeader:
    """A header over a body's bytes, signed with the key of these files."""
    members: dict[str, Any] = {
        "name": name,
        "revision": Revision(1, number),
        "digest": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "at": "2026-11-22T08:30:00.000000Z",
        "key_id": "documents-1",
    }
    signature = SIGNING_KEY.sign(documents.signing_input(DocumentHeader(**members)))
    return DocumentHeader(**members, signature=canonical.as_builtins(signature))


def segment_bytes(*decision_frames: segment.Frame | segment.BriefFrame) -> bytes:
    """A closed segment of one decision and one shadow outcome."""
    header = segment.SegmentHeader(
        gateway=DECISION.gateway,
        boot=DECISION.boot,
        first_seq=DECISION.seq,
        opened_at="2026-11-22T08:29:59.000000Z",
    )
    frames = (header, *decision_frames, segment.ShadowFrame(SHADOW))
    return segment.MAGIC + b"".join(segment.encode_frame(frame) for frame in frames)


def documents_file() -> dict[str, Any]:
    public = SIGNING_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    found = {}
    for number, (name, body) in enumerate(BODIES.items(), start=1):
        data = documents.encode_body(body)
        header = signed_header(name, data, number)
        found[name.value] = {
            "header": canonical.as_builtins(header),
            "signing_input": documents.signing_input(header).decode(),
            "body": data.decode(),
        }
    return {"public_key": public.decode(), "documents": found}


def decision_file() -> dict[str, Any]:
    return {
        "public": canonical.as_builtins(DECISION),
        "personal": canonical.as_builtins(PERSONAL),
        "commitment": decision.commitment(PERSONAL),
        "leaf": decision.leaf(DECISION).hex(),
        "shadow": canonical.as_builtins(SHADOW),
    }


def register_file() -> dict[str, Any]:
    return {
        "event": canonical.as_builtins(EVENT),
        "leaf": register.leaf(EVENT).hex(),
        "actions": sorted(Action),
    }


def manifest_file() -> dict[str, Any]:
    return {
        "manifest": canonical.as_builtins(MANIFEST),
        "digest": MANIFEST.digest(),
        "signature_digest": SIGNATURE.digest(),
        "schema_digest": SCHEMA.digest(),
    }


def route_file() -> dict[str, Any]:
    return {
        "routes": canonical.as_builtins(ROUTES),
        "features": route.compile_features(ROUTES),
    }


def segment_file() -> dict[str, Any]:
    """As the first releases wrote a decision."""
    data = segment_bytes(segment.DecisionFrame(DECISION, PERSONAL))
    leaf = decision.leaf(DECISION)
    return {"bytes": data.hex(), "frames": 3, "root": merkle.merkle_root([leaf]).hex()}


def brief_segment_file() -> dict[str, Any]:
    """As a decision is written now."""
    rows = {name: [value] for name, value in {"order_value": 12.5, "note": "naïve 😀"}.items()}
    personal = structs.replace(PERSONAL, inputs=rows)
    promise, at = decision.commitment(personal), "2026-11-22T08:30:00.123456+00:00"
    whole = structs.replace(DECISION, at=at, commitment=promise)
    data = segment_bytes(context_of(whole, personal, 0), brief_of(whole, personal, 0))
    root = merkle.merkle_root([decision.leaf(whole)]).hex()
    return {"bytes": data.hex(), "frames": 3, "root": root}


def pseudonym_file() -> dict[str, Any]:
    pseudonymizer = Pseudonymizer("k1", PSEUDONYM_KEY)
    cases = [
        ("demo-shop", "browser", "b-1"),
        ("demo-shop", "customer", "b-1"),
        ("other-shop", "browser", "b-1"),
        ("demo-shop", "browser", "naïve 😀"),
        ("demo-shop", "browser", ""),
    ]
    vectors = [[*case, pseudonymizer.pseudonym(*case)] for case in cases]
    return {"key": PSEUDONYM_KEY.hex(), "vectors": vectors}


def oip_file() -> dict[str, Any]:
    values = Tensor(name="x", shape=(1, 2), datatype=Datatype.FP32, raw=b"\0\0\x80?\0\0\0@")
    names = Tensor(name="who", shape=(1,), datatype=Datatype.BYTES, data=["ä"])
    messages: dict[str, InferRequest | InferResponse] = {
        "request": InferRequest(
            inputs=[values, names],
            id="r-1",
            parameters={"targeting_key": "b-1", "attr.country": "DE", "timeout": 200000},
            outputs=[WantedOutput("probability", {"binary_data": True})],
        ),
        "response": InferResponse(
            model_name="fraud",
            model_version="20261122-1a2b3c4d",
            id="r-1",
            outputs=[values],
            parameters={"decision_id": DECISION.decision_id, "revision": "1.17"},
        ),
    }
    encoded = {name: oip.encode(message) for name, message in messages.items()}
    return {name: {"body": body.hex(), "json": size} for name, (body, size) in encoded.items()}


def bento_digest_file() -> dict[str, Any]:
    files = {"src/service.py": b"pass\n", "models/fraud.onnx": b"\x08\x09", "empty": b""}
    return {
        "files": {path: content.hex() for path, content in files.items()},
        "digest": bento_digest(files),
    }


FILES = {
    "documents.json": documents_file,
    "decision.json": decision_file,
    "register.json": register_file,
    "manifest.json": manifest_file,
    "route.json": route_file,
    "segment.json": segment_file,
    "brief_segment.json": brief_segment_file,
    "pseudonym.json": pseudonym_file,
    "oip.json": oip_file,
    "bento_digest.json": bento_digest_file,
    "online_store.json": online_store_file,
}


def render(name: str) -> str:
    """A golden file's text, recomputed."""
    return json.dumps(FILES[name](), indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every golden file anew."""
    for name in FILES:
        fresh = GOLDEN / f"{name}.new"
        fresh.write_text(render(name), encoding="utf-8")
        fresh.replace(GOLDEN / name)


if __name__ == "__main__":
    main()
