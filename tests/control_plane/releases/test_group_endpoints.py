import pytest

pytestmark = pytest.mark.acceptance


def test_two_models_appear_in_one_revision(shop, open_shop):
    other = open_shop(shop.plane)
    stable = {each: each.bootstrap() for each in (shop, other)}
    drafts = [each.draft(each.register(2), shadow=False) for each in (shop, other)]
    body = {"members": [draft["id"] for draft in drafts], "reason": "they belong together"}
    assert shop.approver.post("/api/v1/release-groups", json=body).status_code == 403
    made = shop.author.post("/api/v1/release-groups", json=body)
    assert made.status_code == 201, made.text
    url = f"/api/v1/release-groups/{made.json()['id']}"
    assert made.headers["etag"] == f'"{made.json()["revision"]}"'

    def tell(verb, who=shop.author, **more):
        return who.post(f"{url}/{verb}", json={"reason": "test", **more})

    submitted = tell("submit").json()
    assert tell("approve", shop.approver).status_code == 428
    assert tell("approve", shop.author, expected_revision=submitted["revision"]).status_code == 403
    approved = tell("approve", shop.approver, expected_revision=submitted["revision"]).json()
    digests = {each["content_digest"] for r in approved["releases"] for each in r["approvals"]}
    assert digests == {approved["content_digest"]}
    assert all(each["live"] for r in approved["releases"] for each in r["approvals"])

    # One version is warm, the other is not: both routes wait.
    shop.report(drafts[0]["candidate"])
    started = tell("start").json()
    assert [r["state"] for r in started["releases"]] == ["canary", "canary"]
    there = {each["model"]: each for each in shop.author.get(url).json()["releases"]}
    for each in (shop, other):
        assert there[each.model]["waiting_for"] == [drafts[1]["candidate"]]
        assert each.feature() == {"defaultValue": {"serve": stable[each], "shadow": []}}
    other.report(drafts[1]["candidate"])
    shop.routed(lambda feature: "rules" in feature)
    assert "rules" in other.feature()
    revisions = {r["published_revision"] for r in shop.author.get(url).json()["releases"]}
    assert len(revisions) == 1

    # Going back waits for nobody, and for one model alone as well.
    other.report(drafts[1]["candidate"], ready=False)
    assert shop.tell(drafts[0], "rollback").status_code == 200
    shop.routed(lambda feature: "rules" not in feature)
    refused = tell("ramp")
    assert refused.status_code == 409
    assert shop.model in refused.json()["detail"]
    assert tell("rollback").status_code == 200
    listed = shop.author.get("/api/v1/release-groups").json()
    assert made.json()["id"] in {group["id"] for group in listed}


def test_a_group_is_edited_and_dissolved_as_it_was_read(shop, open_shop):
    other = open_shop(shop.plane)
    for each in (shop, other):
        each.bootstrap()
    members = [each.draft(each.register(2))["id"] for each in (shop, other)]
    body = {"members": members, "reason": "x"}
    made = shop.author.post("/api/v1/release-groups", json=body)
    url, tag = f"/api/v1/release-groups/{made.json()['id']}", made.headers["etag"]
    assert shop.author.patch(url, json=body).status_code == 428
    edited = shop.author.patch(url, json=body, headers={"If-Match": tag})
    assert edited.status_code == 200
    stale = shop.author.request("DELETE", url, json={"reason": "x"}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert stale.json()["conflict"]["changes"]
    now = {"If-Match": edited.headers["etag"]}
    gone = shop.author.request("DELETE", url, json={"reason": "x"}, headers=now)
    assert gone.status_code == 200
    assert shop.author.get(url).status_code == 404
