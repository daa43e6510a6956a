"""Who may see, open, export and close; what a person may enter."""

import pytest

from bentos import redaction_files
from control_plane.paging import MAX_LIMIT
from tests.control_plane.redactions.conftest import URL

pytestmark = pytest.mark.acceptance
RAW, MAIL = "8811223344", "Someone@Example.com"


def test_a_raw_id_becomes_every_pseudonym_and_is_kept_nowhere(asked, compliance):
    body = {
        "customers": [RAW, f"gid://shopify/Customer/{RAW}", MAIL],
        "order_numbers": ["77001"],
        "reason": "asked by letter",
        "shop": "shop-k",
    }
    made = compliance.post(URL, json=body)
    assert made.status_code == 201, made.text
    request_id = made.json()["id"]
    wish = redaction_files.read_request(redaction_files.request_path(asked.home, request_id))
    name = asked.names.pseudonym
    customer = name("shop-k", "customer", RAW)
    assert wish.subjects[0] == customer
    assert {
        name("shop-k", "targeting_key", customer),
        name("shop-k", "targeting_key", RAW),
        name("shop-k", "customer", MAIL.lower()),
        name("shop-k", "targeting_key", "order:77001"),
    } <= set(wish.subjects)
    for raw in (RAW, MAIL, MAIL.lower()):
        assert asked.places_with(raw) == set()
    found = compliance.get(URL, params={"subject": customer, "open": True}).json()
    assert [each["id"] for each in found] == [request_id]
    other = {"subject": name("shop-k", "customer", "1")}
    assert compliance.get(URL, params=other).json() == []
    asked.training_is_done(request_id)
    # No webhooks come in here: nothing waits for an ingress.
    asked.carry_on_until(request_id, [])
    still_open = compliance.get(URL, params={"open": True, "limit": MAX_LIMIT}).json()
    assert request_id not in [each["id"] for each in still_open]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": "nobody"}, "subjects"),
        ({"reason": "x", "subjects": ["short"]}, "subjects[0]"),
        ({"reason": "x", "order_numbers": ["12a"]}, "order_numbers[0]"),
        ({"subjects": ["A" * 26]}, "reason"),
    ],
)
def test_what_names_nobody_or_says_no_reason_is_refused(compliance, body, field):
    answer = compliance.post(URL, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


def test_only_compliance_opens_runs_exports_and_closes(plane):
    admin, viewer = plane.admin, plane.person("viewer")
    assert admin.get(URL).status_code == 200
    assert viewer.get(URL).status_code == 403
    for path in (URL, f"{URL}/run", f"{URL}/x/export", f"{URL}/x/close"):
        assert admin.post(path, json={"reason": "x"}).status_code == 403
    assert plane.person("compliance").get(f"{URL}/nothing").status_code == 404


def test_a_person_closes_one_a_law_forbids_and_says_why(asked, compliance):
    request_id, _ = asked.hand_over("880", shop="shop-l")
    asked.run()
    reason = {"reason": "tax law: kept until 2036"}
    closed = compliance.post(f"{URL}/{request_id}/close", json=reason).json()
    assert (closed["urgency"], closed["closed_reason"]) == ("done", reason["reason"])
    assert closed["closed_by"] != "redactor"
    assert not redaction_files.request_path(asked.home, request_id).exists()
    assert compliance.post(f"{URL}/{request_id}/close", json=reason).status_code == 409
