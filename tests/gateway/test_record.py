"""A decision is made by place, for speed: here every member is held to its name."""

import msgspec

from bentos.contract.decision import Decision, Latency
from bentos.contract.segment import DecisionFrame
from tests.gateway.installation import CANARY, STABLE, frames, route


async def test_every_member_of_a_decision_is_what_its_name_says(gateway, versions):
    broken = versions.start(fault="nan")
    gateway.publish_all({STABLE: versions.start(), CANARY: broken}, route(10_000))
    await gateway.connected()
    answer = (await gateway.predict(instances=[{"amount": 1.0}, {"amount": 2.0}])).json()
    routes = gateway.serving.snapshot.routes
    [frame] = frames(gateway, DecisionFrame)
    made = msgspec.structs.asdict(frame.decision)
    told = {name: made.pop(name) for name in ("at", "bucket", "latency_us", "schema_digest")}
    assert made == {
        "decision_id": answer["decision_id"],
        "shop": "demo-shop",
        "gateway": "g.0",
        "boot": "boot1",
        "seq": 0,
        "model": "fraud",
        "release_id": "rel-1",
        "step": 1,
        "revision": routes.assign("fraud", "shopper-1", {}, None).revision,
        "assigned_version": CANARY,
        "served_version": STABLE,
        "variant": "canary",
        "reason": "FALLBACK",
        "status": 200,
        "rows": 2,
        "batch_rows": 2,
        "feature_age_s": None,
        "commitment": "",
        "personalised": msgspec.UNSET,
        "schema": 1,
    }
    assert told["at"].endswith("+00:00")
    assert 0 <= told["bucket"] < 10_000
    assert isinstance(told["latency_us"], Latency)
    assert told["latency_us"].total >= told["latency_us"].lane > 0
    assert len(told["schema_digest"]) == 64
    assert made.keys() | told.keys() == set(Decision.__struct_fields__)
