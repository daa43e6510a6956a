import pytest

pytestmark = pytest.mark.acceptance
QUESTIONS = "/api/v1/register/questions"


def ask(client, name, **wanted):
    answer = client.get(f"{QUESTIONS}/{name}", params=wanted)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_release_through_the_front_door_is_found_by_every_question(shop):
    shop.bootstrap()
    release = shop.started(2)
    shop.must(release, "ramp")
    shop.routed(lambda feature: feature.get("rules"))
    auditor = shop.plane.person("compliance")
    mine = [each for each in ask(auditor, "publishes", limit=1000) if each["model"] == shop.model]
    assert [each["verdict"] for each in mine][-2:] == ["approved", "approved"]
    assert mine[-1]["release"] == f"release:{release['id']}"
    assert (mine[-1]["by"], mine[-1]["approvers"]) == (shop.author.person, [shop.approver.person])
    unapproved = ask(auditor, "publishes", unapproved=True, limit=1000)
    assert [each for each in unapproved if each["model"] == shop.model] == []
    assert ask(auditor, "stale-approvals") == []
    found = ask(auditor, "served", model=shop.model, at=mine[-1]["at"])
    assert found["canary"]["release"] == f"release:{release['id']}"
    people = ask(auditor, "who-could-publish", at=mine[-1]["at"], limit=1000)
    assert shop.author.person in [each["id"] for each in people]
    assert shop.approver.person not in [each["id"] for each in people]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("served?model=none&at=2026-01-01T00:00:00Z", 404),
        ("served?model=none&at=yesterday", 422),
        ("served?model=none", 422),
        ("who-could-publish?at=2026-01-01T00:00:00Z&permission=all", 422),
        ("publishes?since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z", 422),
        ("publishes?limit=0", 422),
    ],
)
def test_a_bad_question_is_refused(plane, path, status):
    assert plane.admin.get(f"{QUESTIONS}/{path}").status_code == status


def test_asking_is_recorded_and_for_some_only(plane):
    assert plane.person("approver").get(f"{QUESTIONS}/publishes").status_code == 403
    auditor = plane.person("compliance")
    ask(auditor, "publishes", unapproved=True)
    ask(auditor, "stale-approvals")
    wanted = {"actor": auditor.person, "action": "register:read"}
    found = plane.admin.get("/api/v1/register/events", params=wanted).json()
    assert [each["diff"]["asked"] for each in found] == [{"what": "publishes", "unapproved": True}]
