"""The records that the contract's golden files hold, as they were agreed on."""

import hashlib
from typing import Any

from bentos.contract import decision, documents, route
from bentos.contract.attributes import AttributeType
from bentos.contract.datatype import Datatype
from bentos.contract.decision import Decision, Latency, PersonalPart, Reason, ShadowOutcome
from bentos.contract.documents import CallerKey, DocumentName, KillEntry, Revision
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.manifest import DatasetRef, Manifest, OfflineMetrics, ParityReport
from bentos.contract.register import Action, Actor, ActorType, Outcome, RegisterEvent
from bentos.contract.route import CanaryRule, Route
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction

STABLE = "fraud:20261122-1a2b3c4d"
CANDIDATE = "fraud:20261123-5e6f7a8b"
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
