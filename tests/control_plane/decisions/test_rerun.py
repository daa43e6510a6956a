"""A decision again, for real: a bento is built, its worker started, its answers compared."""

import re

import numpy as np
import pytest

from control_plane.decisions.difference import differences
from load_tests.installation.tiny_bento import build, manifest
from tests.bentos.tiny.store import bentoml_environment
from tests.control_plane.conftest import Shop
from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn

pytestmark = pytest.mark.acceptance


@pytest.fixture
def again(auditor):
    def again(decision_id, **changes):
        return auditor.post(f"/api/v1/decisions/{decision_id}/rerun", json=changes)

    return again


@pytest.fixture
def decided(shop, gateway, canary):
    decision_id = gateway.decide(shop.model, "k1")
    gateway.ship()
    return decision_id


@pytest.mark.slow
def test_the_same_again_says_the_same_and_other_inputs_do_not(
    make_plane, tmp_path, tmp_path_factory
):
    plane = make_plane(tmp_path / "home")
    version = "tiny:20260101-0000000a"
    digest = build(tmp_path / "tiny", version, bentoml_environment(plane.home / "bentoml"))
    try:
        plane.start()
        shop = Shop(plane)
        shop.model = "tiny"
        assert shop.trainer.post("/api/v1/versions", json=manifest(version, digest)).is_success
        shop.report(version)
        shop.must(shop.draft(version, kind="bootstrap"), "submit", "approve", "start")
        shop.routed(lambda feature: feature["defaultValue"]["serve"] == version)
        gateway = GatewayStandIn(plane, tmp_path / "gateway")
        inputs = {"a": [1.5], "b": [2.0], "c": [0.1]}
        total = float(np.float32(1.5) + np.float32(2.0) + np.float32(0.1))
        ids = [
            gateway.decide("tiny", "k", inputs=inputs, outputs={"total": [value]})
            for value in (total, 9.0)
        ]
        gateway.ship()
        auditor = plane.person("compliance")

        def again(decision_id, **changes):
            answer = auditor.post(f"/api/v1/decisions/{decision_id}/rerun", json=changes)
            assert answer.status_code == 200, answer.text
            return answer.json()

        found = again(ids[0])
        # The address the fleet reported leads nowhere, so one was started.
        assert (found["worker"], found["reproduced"]) == ("started", True)
        found = again(ids[1])
        assert found["reproduced"] is False
        assert found["outputs"]["total"]["largest"] == pytest.approx(9.0 - total, abs=1e-5)
        found = again(ids[0], inputs={"a": [2.5]})
        assert (found["reproduced"], found["changed_inputs"]) == (None, ["a"])
        assert found["outputs"]["total"]["largest"] == pytest.approx(1.0, abs=1e-5)
        assert "2.5" not in str(auditor.get("/api/v1/register/events?action=decision:rerun").json())
    finally:
        plane.close()


def test_who_else_would_have_got_which_version(shop, canary, decided, again, plane):
    """None of these versions is real: the refusal names the one that the route leads to."""
    feature = plane.document("routes")["features"][f"model.{shop.model}"]
    served = {canary["candidate"], feature["defaultValue"]["serve"]}
    answer = again(decided, targeting_key="k2")
    assert answer.status_code == 409
    assert re.search(r"worker of (\S+) can", answer.json()["detail"])[1] in served


def test_what_is_in_no_record_is_named_not_made_up(shop, gateway, plane, again, open_shop):
    other = open_shop(plane)
    dropped = {"name": "card", "datatype": "BYTES", "redaction": "drop"}
    kept = {"name": "amount", "datatype": "FP32", "redaction": "public"}
    signature = {
        "model": other.model,
        "inputs": [kept, dropped],
        "outputs": [{"name": "score", "datatype": "FP32"}],
    }
    version = other.register(1, signature=signature)
    other.report(version)
    other.must(other.draft(version, kind="bootstrap"), "submit", "approve", "start")
    other.routed(lambda feature: feature["defaultValue"]["serve"] == version)
    decision_id = gateway.decide(other.model, "k")
    gateway.ship()
    answer = again(decision_id)
    assert answer.status_code == 409
    assert "card" in answer.json()["detail"]
    assert "stored" in again(decision_id, use_defaults=True).json()["detail"]
    assert "stored" in again(decision_id, inputs={"card": ["x"]}).json()["detail"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"inputs": {"height": [1.0]}}, "inputs.height"),
        ({"inputs": {"amount": [1.0, 2.0]}}, "inputs.amount"),
        ({"inputs": {"amount": ["much"]}}, "[0].amount"),
        ({"attributes": {"undeclared": 1}, "targeting_key": "k"}, "attributes.undeclared"),
        ({"attributes": {}}, "targeting_key"),
        ({"targeting_key": ""}, "targeting_key"),
    ],
)
def test_changes_that_cannot_be_are_refused_by_name(decided, again, changes, field):
    answer = again(decided, **changes)
    assert answer.status_code == 422, answer.text
    assert field in answer.json()["errors"][0]["field"]


def test_another_model_s_version_and_a_viewer_are_refused(shop, decided, again, plane, open_shop):
    other = open_shop(plane).register(1)
    assert again(decided, version=other).status_code == 422
    assert again(decided, version="nobody:20260101-00000000").status_code == 404
    assert shop.author.post(f"/api/v1/decisions/{decided}/rerun", json={}).status_code == 403


def test_differences_are_told_by_output():
    found = differences(
        {"p": [0.5], "names": [["a", "b"]], "gone": [1]}, {"p": [0.75], "names": [["a", "c"]]}
    )
    assert found["p"] == {"recorded": [0.5], "now": [0.75], "largest": 0.25, "same": False}
    assert (found["names"]["largest"], found["names"]["same"]) == (None, False)
    assert found["gone"]["same"] is False
    assert differences({"p": [1e6]}, {"p": [1e6 + 0.5]})["p"]["same"] is True
    assert differences({"p": [True]}, {"p": [1]})["p"]["largest"] is None
