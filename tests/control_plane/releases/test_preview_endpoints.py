"""Against decisions as a gateway's own code takes and ships them."""

import pytest

from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn

pytestmark = pytest.mark.acceptance
KEYS = [f"k{number}" for number in range(60)]


def test_the_preview_names_exactly_those_who_then_move(shop, tmp_path):
    shop.bootstrap()
    gateway = GatewayStandIn(shop.plane, tmp_path)
    steps = [{"weight": 0.3, "minimum_sample": 5}, 0.6]
    release = shop.started(2, steps=steps, shadow=False)
    shop.routed(lambda feature: "rules" in feature)
    url = f"/api/v1/releases/{release['id']}"
    viewer = shop.plane.person("viewer")

    def preview(**body):
        answer = viewer.post(f"{url}/preview", json={"verb": "ramp", **body})
        assert answer.status_code == 200, answer.text
        return answer.json()

    blind = preview()["who_moves"][shop.model]
    assert (blind["basis"], blind["share"]) == ("estimate", pytest.approx(0.3))
    refused = shop.tell(release, "ramp")
    assert refused.status_code == 409
    assert "needs 5 subjects on the candidate, 0 are recorded" in refused.json()["detail"]

    def served():
        return {key: gateway.assigned(shop.model, key) for key in KEYS}

    for key in KEYS:
        gateway.decide(shop.model, key)
    gateway.ship()
    before, shown = served(), preview()
    moves = shown["who_moves"][shop.model]
    assert (moves["basis"], moves["subjects"]) == ("decisions", len(KEYS))
    release = shop.must(release, "ramp")
    shop.routed(lambda feature: feature["rules"][0]["ranges"][1] == [0, 0.6])
    assert shown["routes"][f"model.{shop.model}"]["after"] == shop.feature()
    after = served()
    moved = {key for key in KEYS if before[key] != after[key]}
    assert 0 < len(moved) == moves["moving"]
    assert {after[key] for key in moved} == {release["candidate"]}

    assert viewer.post(f"{url}/preview", json={"verb": "halt"}).status_code == 422
    assert viewer.post(f"{url}/preview", json={}).status_code == 422
    assert viewer.post("/api/v1/releases/x/preview", json={"verb": "ramp"}).status_code == 404
