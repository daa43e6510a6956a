"""A gateway with a storefront: a model for themes, a Shopify app, a publishable key."""

import hashlib
import math
import time
from urllib.parse import urlencode

import jwt
import msgspec
import pytest

from bentos.contract import documents
from bentos.contract.attributes import AttributeType
from bentos.contract.datatype import Datatype
from bentos.contract.documents import CallerKey, DocumentName, ShopifyApp, VersionSchema
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.route import CanaryRule, Route, compile_features
from bentos.contract.segment import DecisionFrame, read_frames
from bentos.contract.shopify import proxy_signature
from bentos.contract.signature import InputSpec, ModelSignature, OutputSpec, Redaction
from tests.gateway.installation import (
    SECRET,
    SIGNATURE,
    STABLE,
    keys_body,
    schemas_body,
)
from tests.gateway.installation import (
    route as fraud_route,
)

DOMAIN = "demo-shop.myshopify.com"
CLIENT = "0123456789abcdef0123456789abcdef"
APP_SECRET = "shpss_0123456789abcdef0123456789abcdef"
OLD_SECRET = "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"
ORIGIN = "https://demo-shop.example"
BROWSER_KEY = "sbx_ffffffffffff_" + "p" * 43
SERVER_KEY = f"sbx_aaaaaaaaaaaa_{SECRET}"
ITEMS = "items:20260101-aaaaaaaa"
ITEMS_CANARY = "items:20260102-bbbbbbbb"
ALL = "15"
PREDICT = "/v1/models/items:predict"
ROW = {"season": 2.0, "spend": 30.0, "visits": 7.0}

# 100 × season + spend + note: an answer tells which of them the model saw.
ITEMS_SIGNATURE = ModelSignature(
    model="items",
    inputs=(
        InputSpec(
            name="season", datatype=Datatype.FP32, required=False, default=1.0,
            redaction=Redaction.PUBLIC,
        ),
        InputSpec(name="spend", datatype=Datatype.FP32, required=False, default=0.0),
        InputSpec(
            name="visits", datatype=Datatype.FP32, required=False, default=0.0,
            redaction=Redaction.DROP,
        ),
    ),
    outputs=(
        OutputSpec(name="fraud_probability", datatype=Datatype.FP32, minimum=0.0, maximum=1.0),
    ),
)  # fmt: skip
ITEMS_SCHEMA = FeatureSchema(
    model="items",
    features=tuple(
        Feature(name=name, source=f"input:{name}", default=default)
        for name, default in (("season", 1.0), ("spend", 0.0), ("visits", 0.0))
    ),
)


def shopify_app(**changes) -> ShopifyApp:
    app = ShopifyApp(
        shop="demo-shop",
        domain=DOMAIN,
        secrets=("file:shopify.secret",),
        proxy_models=("items",),
        checkout_models=("items",),
    )
    return msgspec.structs.replace(app, **changes)


def storefront_keys(**changes) -> documents.KeysBody:
    browser = CallerKey(
        digest=hashlib.sha256(b"p" * 43).hexdigest(),
        shop="demo-shop",
        name="theme",
        models=("items",),
        scopes=("browser",),
        rate=1000,
        origins=(ORIGIN,),
    )
    return documents.KeysBody(
        keys={**keys_body().keys, "ffffffffffff": browser},
        shopify={CLIENT: shopify_app(**changes)},
    )


def storefront_schemas() -> documents.SchemasBody:
    body, signature = schemas_body(), ITEMS_SIGNATURE.digest()
    entry = VersionSchema(model="items", signature=signature, features=ITEMS_SCHEMA.digest())
    return documents.SchemasBody(
        signatures={**body.signatures, signature: ITEMS_SIGNATURE},
        features={**body.features, ITEMS_SCHEMA.digest(): ITEMS_SCHEMA},
        versions={**body.versions, ITEMS: entry, ITEMS_CANARY: entry},
        current={"fraud": SIGNATURE.digest(), "items": signature},
        attributes={"country": AttributeType.STRING},
    )


def storefront_routes(buckets=None, condition=None) -> documents.RoutesBody:
    canary = buckets and CanaryRule(
        release_id="rel-9", step=1, candidate=ITEMS_CANARY, buckets=buckets, condition=condition
    )
    items = compile_features((Route(model="items", stable=ITEMS, canary=canary or None),))
    return documents.RoutesBody(features={**fraud_route().features, **items})


def write_secret(home, name="shopify.secret", text=APP_SECRET, mode=0o600) -> None:
    path = home / "keys" / name
    path.touch(mode=0o600)
    path.write_text(text + "\n")
    path.chmod(mode)


async def open_storefront(gateway, address, buckets=None, **changes):
    """Publish everything and wait for the lanes."""
    write_secret(gateway.publisher.home)
    gateway.publish(DocumentName.SCHEMAS, storefront_schemas())
    gateway.publish(DocumentName.KEYS, storefront_keys(**changes))
    gateway.publish(DocumentName.KILL, documents.KillBody())
    places = dict.fromkeys((STABLE, ITEMS, ITEMS_CANARY), (address,))
    gateway.publish(DocumentName.ENDPOINTS, documents.EndpointsBody(versions=places))
    gateway.publish(DocumentName.ROUTES, storefront_routes(buckets))
    gateway.client.headers.pop("authorization")
    await gateway.connected()
    return gateway


def signed_query(*pairs, secret=APP_SECRET, shop=DOMAIN, timestamp=None, customer="") -> str:
    whole = [
        *pairs,
        ("shop", shop),
        ("logged_in_customer_id", customer),
        ("path_prefix", "/apps/ml"),
        ("timestamp", str(int(time.time()) if timestamp is None else timestamp)),
    ]
    return urlencode([*whole, ("signature", proxy_signature(whole, secret.encode()))])


def session_token(secret=APP_SECRET, algorithm="HS256", headers=None, **claims) -> str:
    now = int(time.time())
    whole = {
        "dest": DOMAIN,
        "aud": CLIENT,
        "nbf": now,
        "iat": now,
        "exp": now + 300,
        "jti": "6c1f2b0a",
        **claims,
    }
    payload = {name: value for name, value in whole.items() if value is not None}
    return jwt.encode(payload, secret, algorithm=algorithm, headers=headers)


def bearer(text) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def score(response, total):
    """Whether the answer is of features with this sum."""
    [answer] = response.json()["predictions"]
    expected = 1 / (1 + math.exp(1 - total / 100))
    return answer["fraud_probability"] == pytest.approx(expected, rel=1e-5)


def decisions(gateway):
    folder = gateway.serving.config.segments_path
    return [
        frame
        for path in sorted(folder.glob("*"))
        for frame in read_frames(path)
        if isinstance(frame, DecisionFrame)
    ]


async def direct(shop, key=BROWSER_KEY, model="items", consent=ALL, **headers):
    told = {} if consent is None else {"x-signalbox-consent": consent}
    return await shop.client.post(
        f"/v1/models/{model}:predict",
        json={"targeting_key": "b-1", "instances": [ROW]},
        headers={**bearer(key), **told, **headers},
    )
