"""Decisions over HTTP: real routes, real Parquet, written by the real shipper."""

from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.acceptance
DECISIONS = "/api/v1/decisions"


@pytest.fixture(scope="module")
def shipped(shop, gateway, canary):
    """Forty keys once, one of them three times more; their ids by key."""
    ids = {f"k{n}": [gateway.decide(shop.model, f"k{n}")] for n in range(40)}
    ids["k7"] += [gateway.decide(shop.model, "k7") for _ in range(3)]
    ids[""] = [gateway.decide(shop.model)]
    gateway.ship()
    return ids


def test_decisions_are_found_by_everything_they_are(shop, canary, shipped, auditor):
    viewer = shop.plane.person("viewer")

    def ask(**asked):
        answer = viewer.get(DECISIONS, params={"model": shop.model, "limit": 500, **asked})
        assert answer.status_code == 200, answer.text
        return answer.json()

    every = ask()
    assert len(every["decisions"]) == 44
    assert every["next"] is None
    assert every["newest_segment_at"]
    assert not {"subject", "inputs", "salt"} & every["decisions"][0].keys()
    candidate = canary["candidate"]
    on_candidate = ask(version=candidate)["decisions"]
    assert {each["assigned_version"] for each in on_candidate} == {candidate}
    assert 0 < len(on_candidate) < 44
    assert len(ask(release=canary["id"], step=1)["decisions"]) == 43
    assert [each["reason"] for each in ask(reason="STATIC")["decisions"]] == ["STATIC"]
    assert ask(until="2026-01-01T00:00:00Z")["decisions"] == []
    one = ask(reason="STATIC")["decisions"][0]
    shown = viewer.get(f"{DECISIONS}/{one['decision_id']}").json()
    assert shown["revision"] == one["revision"]
    assert shown["latency_us"] == {"total": 900, "features": 10, "queue": 20, "lane": 300}
    assert shown["shadows"] == []
    assert "personal" not in shown


def test_pages_follow_each_other_without_gap_or_double(shop, shipped):
    seen, before = [], None
    while True:
        asked = {"model": shop.model, "limit": 10} | ({"before": before} if before else {})
        page = shop.author.get(DECISIONS, params=asked).json()
        seen += [each["decision_id"] for each in page["decisions"]]
        before = page["next"]
        if before is None:
            break
    assert sorted(seen, reverse=True) == seen
    assert set(seen) == {each for some in shipped.values() for each in some}
    assert len(seen) == 44


def test_a_person_is_found_by_pseudonym_and_by_raw_key_and_both_are_recorded(
    shop, gateway, shipped, auditor, events
):
    asked = {"subject": gateway.subject("k7"), "model": shop.model}
    by_subject = auditor.get(DECISIONS, params=asked).json()
    by_key = auditor.post(
        f"{DECISIONS}/search", json={"targeting_key": "k7", "model": shop.model}
    ).json()
    found = {each["decision_id"] for each in by_subject["decisions"]}
    assert found == set(shipped["k7"]) == {each["decision_id"] for each in by_key["decisions"]}
    first, second = events("decision:read")[-2:]
    assert first["diff"]["subject_digests"] == second["diff"]["subject_digests"]
    assert first["actor"]["id"] == auditor.person
    assert second["diff"]["found"] == 4
    assert "k7" not in str(second)
    assert gateway.subject("k7") not in str(second)


def test_a_personal_part_takes_a_permission_and_is_recorded(
    shop, gateway, shipped, auditor, events
):
    [wanted] = shipped["k3"]
    path = f"{DECISIONS}/{wanted}"
    assert shop.author.get(path, params={"personal": True}).status_code == 403
    assert events("decision:read")[-1]["outcome"] == "denied"
    shown = auditor.get(path, params={"personal": True}).json()["personal"]
    assert shown["subject"] == gateway.subject("k3")
    assert shown["inputs"] == {"amount": [12.5]}
    assert "salt" not in shown
    event = events("decision:read")[-1]
    assert (event["entity"], event["outcome"]) == (f"decision:{wanted}", "allowed")
    params = {"subject": gateway.subject("k3")}
    assert shop.author.get(DECISIONS, params=params).status_code == 403
    body = {"targeting_key": "k3"}
    assert shop.author.post(f"{DECISIONS}/search", json=body).status_code == 403


def test_arms_and_buckets_of_a_release_are_counted(shop, canary, shipped):
    counted = shop.author.get(f"{DECISIONS}/counts", params={"release": canary["id"]}).json()
    arms = {arm["variant"]: arm for arm in counted["arms"]}
    assert sum(arm["subjects"] for arm in arms.values()) == 40
    assert sum(arm["decisions"] for arm in arms.values()) == 43
    assert arms["canary"]["assigned_version"] == canary["candidate"]
    assert arms["canary"]["step"] == 1
    buckets = dict(counted["buckets"])
    assert sum(buckets.values()) == 40
    on_canary = sum(subjects for bucket, subjects in buckets.items() if bucket < 5000)
    assert on_canary == arms["canary"]["subjects"]


def test_what_is_not_there_is_said(shop, gateway):
    answer = shop.author.get(f"{DECISIONS}/01995a2b-7c00-7000-8000-000000000001")
    assert answer.status_code == 404
    assert "segment" in answer.json()["detail"]
    assert shop.author.get(f"{DECISIONS}/nonsense").status_code == 422


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "since"),
        ({"since": "1999-01-01T00:00:00Z"}, "since"),
        ({"until": "0001-01-02T00:00:00Z"}, "until"),
        ({"reason": "WHIM"}, "reason"),
        ({"before": "abc"}, "before"),
        ({"subject": "a raw key, by mistake"}, "subject"),
        ({"limit": 0}, "limit"),
        ({"modell": "fraud"}, "modell"),
    ],
)
def test_a_question_that_cannot_be_is_refused_by_name(auditor, asked, field):
    answer = auditor.get(DECISIONS, params=asked)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert "raw key, by" not in answer.text


def test_older_decisions_lie_in_their_days(open_shop, plane, gateway, auditor):
    shop = open_shop(plane)
    shop.bootstrap()
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=2)
    old = [gateway.decide(shop.model, "k1", at=midnight + timedelta(seconds=s)) for s in (-1, 1)]
    gateway.ship()
    for each in old:
        assert auditor.get(f"{DECISIONS}/{each}").json()["decision_id"] == each
    params = {"subject": gateway.subject("k1"), "model": shop.model}
    found = auditor.get(DECISIONS, params=params).json()["decisions"]
    assert [each["decision_id"] for each in found] == old[::-1]
    params["until"] = midnight.isoformat()
    found = auditor.get(DECISIONS, params=params).json()["decisions"]
    assert [each["decision_id"] for each in found] == old[:1]
