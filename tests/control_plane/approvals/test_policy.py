"""An admin who writes a release and approves it as somebody they made, over HTTP."""

import pytest


@pytest.mark.acceptance
@pytest.mark.slow
def test_it_is_refused_recorded_and_switched_off_in_sight(new_plane, manifest):
    plane = new_plane
    plane.start()
    body = manifest("fraud")
    assert plane.holder("trainer").post("/api/v1/versions", json=body).status_code == 201
    draft = {"model": "fraud", "candidate": body["version"], "kind": "bootstrap", "reason": "x"}
    release = plane.admin.post("/api/v1/releases", json=draft).json()
    address = f"/api/v1/releases/{release['id']}"
    read = plane.admin.post(f"{address}/submit", json={"reason": "x"}).json()
    puppet = plane.person("approver")
    judgement = {"reason": "fine", "expected_revision": read["revision"]}
    refused = puppet.post(f"{address}/approve", json=judgement)
    assert refused.status_code == 403
    assert f"{puppet.person} is not independent of admin" in refused.json()["detail"]
    told = plane.admin.get("/api/v1/register/events", params={"action": "release:approve"}).json()
    assert [(e["outcome"], e["reason"]) for e in told] == [("denied", refused.json()["detail"])]
    plane.stop()
    plane.start(SIGNALBOX_INDEPENDENCE_DAYS="0")
    assert puppet.post(f"{address}/approve", json=judgement).status_code == 200
    wanted = {"action": "installation:configure"}
    [event] = plane.admin.get("/api/v1/register/events", params=wanted).json()
    assert event["diff"] == {"independence_days": [7, 0]}
