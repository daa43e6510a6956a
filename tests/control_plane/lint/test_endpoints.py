import pytest

pytestmark = pytest.mark.acceptance
RISKY = {"lint_orders": {"$lt": 5}}


@pytest.fixture
def declared(shop):
    body = {"lint_orders": "number", "lint_country": "string"}
    shop.plane.admin.put("/api/v1/attributes", json=body).raise_for_status()
    return shop


def ask(shop, payload):
    answer = shop.plane.person("viewer").post("/api/v1/lint", json={"payload": payload})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_payload_is_looked_at_before_anybody_is_sent_it(declared):
    rule = {"condition": {"lint_country": {"$regex": "(a+)+$"}}, "force": 1}
    told = ask(declared, {"features": {"f": {"defaultValue": "x", "rules": [rule]}}})
    assert (told["errors"], told["warnings"]) == (2, 1)
    codes = {(each["severity"], each["code"]) for each in told["findings"]}
    assert codes == {
        ("error", "mixed-values"),
        ("error", "regex-backtracking"),
        ("warning", "missing-differs"),
    }
    assert {each["rule"] for each in told["findings"]} == {0}
    assert ask(declared, {"features": {}}) == {"errors": 0, "warnings": 0, "findings": []}
    assert declared.plane.client(None).get("/api/v1/lint").status_code == 401
    stranger = declared.plane.holder("gateway").get("/api/v1/lint")
    assert stranger.status_code == 403


def test_a_warning_is_shown_before_and_recorded_with_the_publication(declared):
    declared.bootstrap()
    release = declared.started(2, condition=RISKY, shadow=False)
    key = f"model.{declared.model}"
    declared.routed(lambda f: "rules" in f)
    url = f"/api/v1/releases/{release['id']}/preview"
    shown = declared.author.post(url, json={"verb": "ramp"}).json()
    assert shown["against"] == []
    warned = [each for each in shown["lint"] if each["feature"] == key]
    assert [(each["code"], each["field"]) for each in warned] == [
        ("missing-differs", "rules[0].condition.lint_orders")
    ]
    now = declared.author.get("/api/v1/lint").json()
    assert warned[0] in now["findings"]
    events = declared.plane.person("compliance").get(
        "/api/v1/register/events",
        params={"entity": "document:routes", "limit": 1000},
    )
    told = [event["diff"].get("lint", []) for event in events.json()]
    assert any(f"warning missing-differs: {key}" in line for lines in told for line in lines)
