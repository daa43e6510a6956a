"""A model that reads feature views, and stores filled as training fills them."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bentos.contract import documents
from bentos.contract.datatype import Datatype
from bentos.contract.documents import DocumentName
from bentos.contract.feature_view import FeatureView
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.identity import Pseudonymizer
from bentos.contract.signature import EntitySpec, InputSpec, Redaction
from tests.gateway.installation import CANARY, SHADOW, SIGNATURE, STABLE, Gateway, keys_body
from training import online_store
from training.online_store import Origin

SHOP = "demo-shop"
KEY = Pseudonymizer("test", bytes.fromhex("ab" * 32))
ORDERS = FeatureView(name="customer_orders", version=1, entity="customer", ttl_s=3600.0)
SALES = FeatureView(name="product_sales", version=1, entity="product")
MODEL = msgspec.structs.replace(
    SIGNATURE,
    # Long: what is tried here is which values are packed, on machines however busy.
    deadline_ms=10_000,
    inputs=(
        *SIGNATURE.inputs,
        InputSpec(
            name="customer_id", datatype=Datatype.BYTES, required=False, redaction=Redaction.DROP
        ),
        InputSpec(
            name="product_id", datatype=Datatype.INT64, required=False, redaction=Redaction.PUBLIC
        ),
    ),
    entities=(
        EntitySpec(kind="customer", input="customer_id"),
        EntitySpec(kind="product", input="product_id"),
    ),
)
AMOUNT = Feature(name="amount", source="input:amount")
STABLE_SCHEMA = FeatureSchema(
    model="fraud",
    features=(
        AMOUNT,
        Feature(name="orders", source="view:customer_orders@1:orders", default=0.0),
    ),
    views=(ORDERS,),
)
CANARY_SCHEMA = FeatureSchema(
    model="fraud",
    features=(
        AMOUNT,
        Feature(name="orders", source="view:customer_orders@1:orders", default=0.0),
        Feature(name="units", source="view:product_sales@1:units", default=-50.0),
    ),
    views=(ORDERS, SALES),
)


def name(kind: str, identifier: object) -> str:
    return KEY.pseudonym(SHOP, kind, str(identifier))


def origin(moment: datetime | None = None) -> Origin:
    return Origin(shop=SHOP, pseudonym_key=KEY.fingerprint, moment=moment or datetime.now(UTC))


def entries(view: FeatureView, values: dict[object, dict]) -> tuple[FeatureView, list]:
    return view, [(name(view.entity, one), fields) for one, fields in values.items()]


def fill(home: Path, *views, moment: datetime | None = None):
    """Fill the embedded store of a home."""
    return online_store.fill(home / "features", origin(moment), views)


def schemas_body(model=MODEL) -> documents.SchemasBody:
    schemas = {STABLE: STABLE_SCHEMA, CANARY: CANARY_SCHEMA, SHADOW: CANARY_SCHEMA}
    digest = model.digest()
    return documents.SchemasBody(
        signatures={digest: model},
        features={schema.digest(): schema for schema in schemas.values()},
        versions={
            tag: documents.VersionSchema(model="fraud", signature=digest, features=schema.digest())
            for tag, schema in schemas.items()
        },
        current={"fraud": digest},
    )


def publish(gateway: Gateway, endpoints: dict[str, str], routes, model=MODEL) -> None:
    gateway.publish(DocumentName.SCHEMAS, schemas_body(model))
    gateway.publish(DocumentName.KEYS, keys_body())
    gateway.publish(DocumentName.KILL, documents.KillBody())
    places = {tag: (address,) for tag, address in endpoints.items()}
    gateway.publish(DocumentName.ENDPOINTS, documents.EndpointsBody(versions=places))
    gateway.publish(DocumentName.ROUTES, routes)


def files_holding(folder: Path, texts: list[str]) -> list[Path]:
    """Files below a folder in which any of the texts stands."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(text.encode() in path.read_bytes() for text in texts)
    ]
