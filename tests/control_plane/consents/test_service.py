"""Consents over HTTP: given, replaced, withdrawn, and what was trained under them."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

pytestmark = pytest.mark.acceptance
URL = "/api/v1/consents"
TEXT = hashlib.sha256(b"We allow Signalbox to train a fraud model on our orders.").hexdigest()


def consent(purpose="fraud", use="train", **changes):
    return {
        "purpose": purpose,
        "use": use,
        "text_version": "2026-11",
        "text_digest": TEXT,
        "given_by": "M. Moreau, managing director",
        "given_at": "2026-11-20T09:00:00Z",
        "document": "data processing agreement of 2026-11-20, page 4, in the safe",
        "shop": "shop-of-consents",
        **changes,
    }


@pytest.fixture(scope="module")
def compliance(plane):
    return plane.person("compliance")


def basis(plane, purpose="fraud", use="train", shop="shop-of-consents"):
    asked = {"purpose": purpose, "use": use, "shop": shop}
    answer = plane.holder("trainer").get(f"{URL}/basis", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def events(plane, consent_id):
    asked = {"entity": f"consent:{consent_id}"}
    return plane.admin.get("/api/v1/register/events", params=asked).json()


def test_a_consent_is_for_one_purpose_and_one_use(plane, compliance):
    shop = "one-use"
    answer = compliance.post(URL, json=consent(shop=shop, ticket="DPO-7"))
    assert answer.status_code == 201, answer.text
    given = answer.json()
    told = basis(plane, shop=shop)
    assert told["consent"] == given
    assert len(told["pseudonym_key_id"]) == 8 or told["pseudonym_key_id"] is None
    assert basis(plane, use="automated_decision", shop=shop)["consent"] is None
    assert basis(plane, purpose="pricing", shop=shop)["consent"] is None
    assert basis(plane, shop="another")["consent"] is None
    (event,) = events(plane, given["id"])
    assert (event["action"], event["ticket"]) == ("consent:give", "DPO-7")
    assert compliance.get(f"{URL}/{given['id']}").json() == given


def test_the_very_same_again_changes_nothing_and_another_text_takes_its_place(plane, compliance):
    shop = "replaced"
    first = compliance.post(URL, json=consent(shop=shop)).json()
    again = compliance.post(URL, json=consent(shop=shop))
    assert (again.status_code, again.json()) == (200, first)
    second = compliance.post(URL, json=consent(shop=shop, text_version="2026-12")).json()
    assert basis(plane, shop=shop)["consent"]["id"] == second["id"]
    ended = compliance.get(f"{URL}/{first['id']}").json()
    assert ended["replaced_by"] == second["id"]
    assert ended["ended_at"]
    (event,) = events(plane, second["id"])
    assert event["diff"]["replaces"] == [None, first["id"]]
    of_shop = [each for each in compliance.get(URL).json() if each["shop"] == shop]
    assert [each["id"] for each in of_shop] == [first["id"], second["id"]]
    live = compliance.get(URL, params={"live": True, "purpose": "fraud", "limit": 1000}).json()
    assert [each["id"] for each in live if each["shop"] == shop] == [second["id"]]


def test_what_is_withdrawn_is_no_basis_and_names_what_was_trained(plane, compliance, manifest):
    model = "fraud"
    given = compliance.post(URL, json=consent(shop="withdrawn")).json()
    named = {name: given[name] for name in ("id", "purpose", "use", "text_version", "given_at")}
    certificate = manifest(model, 0xC0, consent=named | {"text_digest": TEXT})
    trainer = plane.holder("trainer")
    answer = trainer.post("/api/v1/versions", json=certificate)
    assert answer.status_code == 201, answer.text
    assert trainer.post("/api/v1/versions", json=manifest(model, 0xC1)).status_code == 201
    versions = compliance.get(f"{URL}/{given['id']}/versions").json()
    assert [each["version"] for each in versions] == [certificate["version"]]
    body = {"reason": "letter of 2026-11-26", "ticket": "DPO-8"}
    answer = compliance.post(f"{URL}/{given['id']}/withdraw", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["trained"] == 1
    assert basis(plane, shop="withdrawn")["consent"] is None
    assert compliance.post(f"{URL}/{given['id']}/withdraw", json=body).status_code == 409
    done = {e["action"] for e in events(plane, given["id"]) if e["outcome"] == "allowed"}
    assert done == {"consent:give", "consent:withdraw"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"purpose": "advertising"}, "purpose"),
        ({"use": "sell"}, "use"),
        ({"text_digest": "abc"}, "text_digest"),
        ({"text_version": "\n"}, "text_version"),
        ({"given_at": "yesterday"}, "given_at"),
        ({"given_at": "2026-11-20T09:00:00"}, "given_at"),
        (
            {"given_at": (datetime.now(UTC) + timedelta(days=1)).isoformat()},
            "given_at",
        ),
    ],
)
def test_what_says_nothing_is_no_consent(compliance, changes, field):
    answer = compliance.post(URL, json=consent(shop="bad", **changes))
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


def test_who_only_trains_gives_no_consent(plane):
    trainer = plane.holder("trainer")
    assert trainer.post(URL, json=consent()).status_code == 403
    assert trainer.get(URL).status_code == 200
    assert plane.person("data_scientist").post(URL, json=consent()).status_code == 403
    assert plane.person("viewer").get(URL).status_code == 403


def test_a_manifest_names_a_consent_for_its_own_model_only(plane, manifest):
    named = {
        "id": "x", "purpose": "pricing", "use": "train", "text_version": "1",
        "text_digest": TEXT, "given_at": "2026-11-20T09:00:00.000000Z",
    }  # fmt: skip
    answer = plane.holder("trainer").post(
        "/api/v1/versions", json=manifest("fraud", 0xC2, consent=named)
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "manifest.consent"
