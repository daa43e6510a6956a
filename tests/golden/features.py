"""The online store's golden file: what a view's record, key and generation looked like."""

from typing import Any

import msgspec

from bentos.contract import canonical, online_store
from bentos.contract.datatype import Datatype
from bentos.contract.feature_view import FeatureView
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.identity import Pseudonymizer
from bentos.contract.online_store import Generation, ViewContents
from bentos.contract.signature import (
    EntitySpec,
    InputSpec,
    ModelSignature,
    OutputSpec,
    Redaction,
)

# A key for this file alone: 32 bytes that nobody keeps a secret.
PSEUDONYM_KEY = bytes(range(32, 64))
VIEW = FeatureView(name="shopper_orders", version=3, entity="shopper", ttl_s=172800.0)
WITH_ENTITIES = ModelSignature(
    model="fraud",
    inputs=(
        InputSpec(name="order_value", datatype=Datatype.FP64, minimum=0.0),
        InputSpec(name="shopper_id", datatype=Datatype.BYTES, redaction=Redaction.DROP),
    ),
    outputs=(OutputSpec(name="probability", datatype=Datatype.FP32, minimum=0.0, maximum=1.0),),
    entities=(EntitySpec(kind="shopper", input="shopper_id"),),
)
WITH_VIEWS = FeatureSchema(
    model="fraud",
    features=(Feature(name="orders_30d", source="view:shopper_orders@3:orders_30d", default=0.0),),
    views=(VIEW,),
)
GENERATION = Generation(
    name="20261122T083000-0a1b2c3d",
    shop="demo-shop",
    pseudonym_key=Pseudonymizer("k1", PSEUDONYM_KEY).fingerprint,
    as_of="2026-11-22T00:00:00.000000+00:00",
    created_at="2026-11-22T08:30:00.000000+00:00",
    views={VIEW.tag: ViewContents(entity="shopper", fields=("orders_30d", "spend"), records=1)},
)
# With the digest of the definition that values come from; absent above, as in older stores.
PINNED_VIEW = msgspec.structs.replace(VIEW, digest="5a" * 32)
PINNED_SCHEMA = msgspec.structs.replace(WITH_VIEWS, views=(PINNED_VIEW,))
PINNED_GENERATION = msgspec.structs.replace(
    GENERATION,
    views={VIEW.tag: msgspec.structs.replace(GENERATION.views[VIEW.tag], digest="5a" * 32)},
)
RECORD_AT_US = 1_795_305_600_000_000
RECORD_FIELDS = {"spend": 12.5, "orders_30d": 3, "last_products": [7, 9], "returns": None}


def online_store_file() -> dict[str, Any]:
    pseudonym = Pseudonymizer("k1", PSEUDONYM_KEY).pseudonym("demo-shop", "shopper", "c-1")
    return {
        "signature": canonical.as_builtins(WITH_ENTITIES),
        "signature_digest": WITH_ENTITIES.digest(),
        "features": canonical.as_builtins(WITH_VIEWS),
        "features_digest": WITH_VIEWS.digest(),
        "key": (online_store.key_prefix(VIEW) + pseudonym.encode()).hex(),
        "value": online_store.encode_record(RECORD_AT_US, RECORD_FIELDS).hex(),
        "generation": online_store.encode_generation(GENERATION).decode(),
        "pinned_features": canonical.as_builtins(PINNED_SCHEMA),
        "pinned_features_digest": PINNED_SCHEMA.digest(),
        "pinned_generation": online_store.encode_generation(PINNED_GENERATION).decode(),
        "redis_prefix": online_store.redis_prefix("demo-shop"),
    }
