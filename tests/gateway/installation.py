"""What the gateway's tests share: a model, the usual documents, an app to call."""

import asyncio
import hashlib
import socket

import httpx

from bentos.contract import documents
from bentos.contract.attributes import AttributeType
from bentos.contract.datatype import Datatype
from bentos.contract.documents import DocumentName
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.route import CanaryRule, Route, compile_features
from bentos.contract.segment import read_frames
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction
from gateway.app import App
from gateway.shadow import ShadowMirror
from gateway.shadow_serving import ShadowServing
from tests.gateway.publisher import Publisher

SECRET = "s" * 43
OTHER_SECRET = "t" * 43
PATIENT = {"x-request-timeout-ms": "20000"}
STABLE = "fraud:20260101-aaaaaaaa"
CANARY = "fraud:20260102-bbbbbbbb"
SHADOW = "fraud:20260103-cccccccc"

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
    # The usual 200 ms are sometimes too little for a busy machine, and no test's subject.
    deadline_ms=20_000,
)
NARROW = FeatureSchema(model="fraud", features=(Feature(name="amount", source="input:amount"),))
WIDE = FeatureSchema(
    model="fraud",
    features=(
        Feature(name="amount", source="input:amount", maximum=100.0),
        Feature(name="hour", source="input:hour", default=12.0),
    ),
)


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
        for _ in range(6000):
            lanes = self.serving.snapshot.lanes.values()
            if lanes and all(lane.reachable for lane in lanes):
                return
            await asyncio.sleep(0.01)
        raise AssertionError("lanes never connected")

    async def start_shadow(self, **limits) -> ShadowMirror:
        """What the shadow process does, in this event loop; patient, if no limit is said."""
        limits = {"shadow_deadline_ms": 20_000, **limits}
        config = self.serving.config.model_copy(update=limits)
        self.shadow = ShadowServing(config, "g.shadow", "boot2", self.sink)
        # LMDB lets one process open an environment once.
        self.shadow.features = self.serving.features
        await self.shadow.start()
        return self.shadow.mirror

    async def predict(self, key="shopper-1", instances=None, headers=None, **more):
        body = {"targeting_key": key, "instances": instances or [{"amount": 10.0}], **more}
        return await self.client.post("/v1/models/fraud:predict", json=body, headers=headers)


def frames(gateway: Gateway, kind: type) -> list:
    """What its logs hold of one kind; closes them."""
    gateway.serving.log.close()
    if gateway.shadow is not None:
        gateway.shadow.log.close()
    found = []
    for path in sorted(gateway.serving.config.segments_path.iterdir()):
        found += [frame for frame in read_frames(path) if isinstance(frame, kind)]
    return found
