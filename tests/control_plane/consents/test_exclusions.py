"""Customers who are left out: by pseudonym, whatever id was entered."""

import pytest

from bentos.contract.identity import Pseudonymizer, key_fingerprint

pytestmark = pytest.mark.acceptance
URL = "/api/v1/exclusions"
SHOP = "shop-of-exclusions"
RAW = "207119551"
MAIL = "Plantedxx77@Example.com"


@pytest.fixture(scope="module")
def compliance(plane):
    return plane.person("compliance")


@pytest.fixture(scope="module")
def key(plane):
    """This plane's pseudonym key; a shop's own, were there one already."""
    path = plane.home / "keys" / "pseudonym.key"
    if not path.exists():
        path.write_text("cd" * 32)
    secret = bytes.fromhex(path.read_text().strip())
    return Pseudonymizer(key_fingerprint(secret), secret)


def asked(kind="excluded", **more):
    return {"kind": kind, "reason": "letter", "shop": SHOP, **more}


def test_a_raw_id_becomes_a_pseudonym_and_is_kept_nowhere(plane, compliance, key):
    gid = f"gid://shopify/Customer/{RAW}"
    answer = compliance.post(URL, json=asked(customers=[RAW, gid, MAIL]))
    assert answer.status_code == 201, answer.text
    made = {each["subject"]: each for each in answer.json()["exclusions"]}
    number = key.pseudonym(SHOP, "customer", RAW)
    mail = key.pseudonym(SHOP, "customer", MAIL.lower())
    assert made.keys() == {number, mail}
    assert {each["key_id"] for each in made.values()} == {key.key_id}
    kept = b"".join(p.read_bytes() for p in plane.home.rglob("*") if p.is_file())
    if plane.database_url == "":
        assert number.encode() in kept
    for raw in (RAW, MAIL, MAIL.lower()):
        assert raw.encode() not in kept
    register = plane.admin.get("/api/v1/register/events", params={"action": "exclusion:add"}).text
    assert "exclusion:add" in register
    assert not any(each in register for each in (RAW, number, mail, "plantedxx77"))


def test_each_kind_says_what_a_customer_is_left_out_of(plane, compliance, key):
    subject = key.pseudonym(SHOP, "customer", "1")
    trainer = plane.holder("trainer")

    def told():
        shown = trainer.get(f"{URL}/{subject}", params={"shop": SHOP}).json()
        return shown["kinds"], shown["may_train"], shown["may_decide"]

    assert told() == ([], True, True)
    compliance.post(URL, json=asked("automated_decision", subjects=[subject]))
    assert told() == (["automated_decision"], True, False)
    compliance.post(URL, json=asked("data_sale", subjects=[subject]))
    assert told() == (["automated_decision", "data_sale"], False, False)
    lifted = compliance.post(f"{URL}/lift", json=asked("automated_decision", subjects=[subject]))
    assert lifted.json() == {"lifted": 1}
    assert told() == (["data_sale"], False, True)
    compliance.post(f"{URL}/lift", json=asked("data_sale", customers=["1"]))
    compliance.post(URL, json=asked("excluded", subjects=[subject]))
    assert told() == (["excluded"], False, False)
    elsewhere = trainer.get(f"{URL}/{subject}", params={"shop": "another"}).json()
    assert elsewhere["kinds"] == []


def test_twice_changes_nothing_and_lists_come_in_pages(plane, compliance, key):
    names = [key.pseudonym("pages", "customer", str(n)) for n in range(5)]
    body = {"kind": "data_sale", "reason": "opt-out", "shop": "pages", "subjects": names}
    first = compliance.post(URL, json=body).json()
    assert compliance.post(URL, json=body | {"reason": "again"}).json() == first
    found, url = [], f"{URL}?shop=pages&limit=2"
    while url:
        answer = plane.holder("trainer").get(url)
        found += [each["subject"] for each in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert found == sorted(names)
    assert compliance.get(URL, params={"shop": "pages", "kind": "excluded"}).json() == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (asked(), "customers"),
        (asked("none", customers=["1"]), "kind"),
        (asked(subjects=["raw@example.com"]), "subjects[0]"),
        (asked(customers=[""]), "targeting_key"),
    ],
)
def test_an_entry_that_names_nobody_is_refused_without_repeating_it(compliance, key, body, field):
    answer = compliance.post(URL, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert "raw@example.com" not in answer.text


def test_who_only_trains_leaves_nobody_out(plane, key):
    assert plane.holder("trainer").post(URL, json=asked(customers=["1"])).status_code == 403
