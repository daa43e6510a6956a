"""Which of the store's values may be served to a schema that pins its views."""

import math

import msgspec
import pytest
from structlog.testing import capture_logs

from bentos.contract.documents import DocumentName
from bentos.contract.feature_view import FeatureView
from bentos.contract.online_store import Generation, ViewContents
from gateway.pinned_views import PinnedViews
from tests.gateway.feature_shop import (
    ORDERS,
    STABLE_SCHEMA,
    entries,
    fill,
    publish,
    schemas_body,
)
from tests.gateway.installation import STABLE, route

VIEW = FeatureView(name="orders", version=1, entity="customer", digest="a" * 64)

BIAS = -1.0
ANNA = {"amount": 10.0, "customer_id": "anna@example.com"}


def expected(*features: float) -> float:
    return 1 / (1 + math.exp(-(sum(features) / 100 + BIAS)))


def generation(name, digest):
    return Generation(
        name=name,
        shop="demo-shop",
        pseudonym_key="0a1b2c3d",
        as_of="2026-11-24T00:00:00+00:00",
        created_at="2026-11-24T00:00:00+00:00",
        views={"orders@1": ViewContents(entity="customer", fields=(), records=0, digest=digest)},
    )


def test_a_refusal_is_said_once_a_generation_and_ends_with_it():
    pinned = PinnedViews()
    with capture_logs() as logs:
        for _ in range(3):
            assert pinned.refuses(VIEW, generation("one", "b" * 64))
        assert len(pinned.problems()) == 1
        assert pinned.refuses(VIEW, generation("two", msgspec.UNSET))
        assert not pinned.refuses(VIEW, generation("three", "a" * 64))
    assert pinned.problems() == []
    assert [entry["event"] for entry in logs] == ["feature_view_refused"] * 2
    assert "b" * 64 in logs[0]["problem"]


def test_a_schema_that_pins_nothing_takes_what_bears_the_tag():
    pinned = PinnedViews()
    plain = msgspec.structs.replace(VIEW, digest=msgspec.UNSET)
    assert not pinned.refuses(plain, generation("one", "b" * 64))


async def test_values_of_another_definition_are_refused_and_counted(gateway, tmp_path, versions):
    """What a version pins is what it gets, or its defaults: never another meaning's values."""
    ours, theirs = "a" * 64, "b" * 64
    views = (msgspec.structs.replace(ORDERS, digest=ours),)
    schema = msgspec.structs.replace(STABLE_SCHEMA, views=views)
    pinned = schemas_body()
    tag = msgspec.structs.replace(pinned.versions[STABLE], features=schema.digest())
    body = msgspec.structs.replace(
        pinned,
        features={**pinned.features, schema.digest(): schema},
        versions={**pinned.versions, STABLE: tag},
    )
    publish(gateway, {STABLE: versions.start(STABLE_SCHEMA, BIAS)}, route())
    await gateway.connected()
    gateway.publish(DocumentName.SCHEMAS, body)
    seen = []
    for digest in (theirs, msgspec.UNSET, ours):
        view = msgspec.structs.replace(ORDERS, digest=digest)
        fill(tmp_path, entries(view, {"anna@example.com": {"orders": 30}}))
        await gateway.serving.features.store.refresh()
        reply = await gateway.predict("shopper-1", [ANNA])
        [answer] = [row["fraud_probability"] for row in reply.json()["predictions"]]
        status = (await gateway.client.get("/status")).json()["features"]
        seen.append((answer, len(status["refused"])))
        if digest == theirs:
            assert f"the definition {ours}" in status["refused"][0]
            assert "Fill the store" in status["refused"][0]
    default, known = expected(10, 0), expected(10, 30)
    assert [a for a, _ in seen] == pytest.approx([default, default, known], abs=1e-6)
    assert [n for _, n in seen] == [1, 1, 0]
    tally = gateway.serving.features.tallies["customer_orders@1"]
    assert (tally.hit, tally.refused, tally.missing) == (1, 2, 0)
    text = (await gateway.client.get("/metrics")).text
    assert 'lookups_total{outcome="refused",view="customer_orders@1"} 2' in text
