"""A decision again, for real: a bento is built, its worker started, its answers compared."""

import re

import msgspec
import numpy as np
import pytest

from bentos.contract.datatype import Datatype
from bentos.contract.feature_view import FeatureView
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.signature import EntitySpec, InputSpec, Redaction
from control_plane.decisions.difference import differences
from load_tests.installation.model import MODEL, SIGNATURE
from load_tests.installation.tiny_bento import build, manifest
from tests.bentos.tiny.store import bentoml_environment
from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn
from tests.control_plane.shop import Shop

KNOWN = "view:customer_value@1:known"
CUSTOMER = InputSpec(name="customer_id", datatype=Datatype.BYTES, redaction=Redaction.DROP)
ABOUT_CUSTOMERS = msgspec.structs.replace(
    SIGNATURE,
    inputs=(*SIGNATURE.inputs, CUSTOMER),
    entities=(EntitySpec(kind="customer", input="customer_id"),),
)
READS_A_VIEW = FeatureSchema(
    model=MODEL,
    features=(
        Feature(name="a", source="input:a"),
        Feature(name="b", source="input:b", default=1.0),
        Feature(name="known", source=KNOWN, default=7.0),
    ),
    views=(FeatureView(name="customer_value", version=1, entity="customer"),),
)

PATIENT_S = 120
"""A worker that is started may take its time, on a machine that is busy otherwise."""

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


@pytest.fixture
def tiny(make_plane, tmp_path, tmp_path_factory):
    """Opens a plane where a version of the tiny model serves, its bento built for real."""
    plane = make_plane(tmp_path / "home")
    version = "tiny:20260101-0000000a"
    digest = build(tmp_path / "tiny", version, bentoml_environment(plane.home / "bentoml"))

    def open_tiny(**described):
        plane.start()
        shop = Shop(plane)
        shop.model = "tiny"
        body = manifest(version, digest, **described)
        assert shop.trainer.post("/api/v1/versions", json=body).is_success
        shop.report(version)
        shop.must(shop.draft(version, kind="bootstrap"), "submit", "approve", "start")
        shop.routed(lambda feature: feature["defaultValue"]["serve"] == version)
        gateway = GatewayStandIn(plane, tmp_path / "gateway")
        return gateway, plane.person("compliance")

    yield open_tiny
    plane.close()


def reruns(auditor):
    """Asks for a decision again, which must be possible."""

    def again(decision_id, **changes):
        url = f"/api/v1/decisions/{decision_id}/rerun"
        answer = auditor.post(url, json=changes, timeout=PATIENT_S)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return again


@pytest.mark.slow
def test_the_same_again_says_the_same_and_other_inputs_do_not(tiny):
    gateway, auditor = tiny()
    again = reruns(auditor)
    inputs = {"a": [1.5], "b": [2.0], "c": [0.1]}
    total = float(np.float32(1.5) + np.float32(2.0) + np.float32(0.1))
    ids = [
        gateway.decide("tiny", "k", inputs=inputs, outputs={"total": [value]})
        for value in (total, 9.0)
    ]
    gateway.ship()
    found = again(ids[0])
    # The address the fleet reported leads nowhere, so one was started.
    assert (found["worker"], found["reproduced"]) == ("started", True)
    found = again(ids[1])
    assert found["reproduced"] is False
    assert found["outputs"]["total"]["largest"] == pytest.approx(9.0 - total, abs=1e-5)
    # A number that no time of the register can hold.
    found = again(ids[0], inputs={"a": [901.5]})
    assert (found["reproduced"], found["changed_inputs"]) == (None, ["a"])
    assert found["outputs"]["total"]["largest"] == pytest.approx(900.0, abs=1e-3)
    assert "901.5" not in str(auditor.get("/api/v1/register/events?action=decision:rerun").json())


@pytest.mark.slow
def test_looked_up_values_are_run_again_as_they_were_recorded(tiny):
    """The id is dropped, the store has gone on: the record alone has to say the same."""
    gateway, auditor = tiny(signature=ABOUT_CUSTOMERS, features=READS_A_VIEW)
    again = reruns(auditor)
    inputs = {"a": [1.5], "b": [2.0], "c": [None], KNOWN: [40.25]}
    totals = [1.5 + 2.0 + 40.25, 1.5 + 2.0 + 7.0]
    ids = [
        gateway.decide("tiny", "k", inputs=given, outputs={"total": [total]})
        for given, total in zip((inputs, inputs | {KNOWN: [None]}), totals, strict=True)
    ]
    before = gateway.decide("tiny", "k", inputs={"a": [1.5]}, outputs={"total": [9.5]})
    gateway.ship()
    for decision_id in ids:
        found = again(decision_id)
        assert (found["reproduced"], found["defaulted"]) == (True, [])
    found = again(ids[0], inputs={KNOWN: [41.25]})
    assert found["outputs"]["total"]["now"] == [totals[0] + 1]
    refused = auditor.post(f"/api/v1/decisions/{before}/rerun", json={})
    assert refused.status_code == 409
    assert KNOWN in refused.json()["detail"]
    found = again(before, use_defaults=True)
    assert (found["reproduced"], found["defaulted"]) == (None, [KNOWN])
    wrong = auditor.post(f"/api/v1/decisions/{before}/rerun", json={"inputs": {KNOWN: ["much"]}})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == f"inputs.{KNOWN}"


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
