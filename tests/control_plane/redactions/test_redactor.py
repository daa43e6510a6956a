"""A request goes from Shopify's file to closed, each step in the register."""

import hashlib
import json
import os

import pytest

from bentos.contract.redaction import Hindrance, subject_digest
from bentos.contract.segment import MAGIC, SegmentHeader, encode_frame
from bentos.redaction_files import hindrance_of, request_path, write_hindrance
from control_plane.backup.taking import take
from control_plane.config import Settings
from control_plane.paging import MAX_LIMIT
from control_plane.redactions.note import data_request_path
from tests.control_plane.redactions.conftest import DOMAIN, URL
from tests.planted_data import PlantedData

pytestmark = pytest.mark.acceptance
LONG = "lake/orders/" + 16 * "0123" + "/lines.parquet was cut off, as " + 200 * "?"


def leave_out(compliance, subject, shop, kind="data_sale", **more):
    body = {"kind": kind, "subjects": [subject], "shop": shop, "reason": "letter"}
    assert compliance.post("/api/v1/exclusions", json=body, **more).status_code == 201


def test_a_request_is_closed_when_every_place_is_done_and_nothing_names_them(asked, compliance):
    request_id, subject = asked.hand_over("501", shop="shop-a")
    leave_out(compliance, subject, "shop-a")
    shown = asked.carry_on_until(request_id, ["ingress", "training"])
    assert (shown["urgency"], shown["closed_at"]) == ("in_time", None)
    assert 29 < shown["days_left"] <= 30
    asked.ingress_is_done(request_id)
    assert asked.carry_on_until(request_id, ["training"])["closed_at"] is None
    assert request_path(asked.home, request_id).exists()
    asked.training_is_done(request_id)
    done = asked.carry_on_until(request_id, [])
    assert (done["urgency"], done["closed_by"], done["days_left"]) == ("done", "redactor", None)
    assert done["places"]["ingress"]["removed"] == {"inbox/shop_order": 2}
    assert done["places"]["training"]["removed"] == {"lake/sales": 7}
    assert done["places"]["control_plane"]["removed"]["exclusion"] == 1
    assert asked.places_with(subject) == set()
    actions = [each["action"] for each in asked.events(request_id)]
    assert actions == ["redaction:open", *["redaction:erase"] * 4, "redaction:close"]
    assert subject not in json.dumps(asked.events(request_id))
    assert asked.plane.admin.get("/api/v1/register/verify").json()["ok"] is True


def test_who_opted_out_and_was_erased_is_still_left_out(asked, compliance):
    request_id, subject = asked.hand_over("502", shop="shop-b")
    leave_out(compliance, subject, "shop-b")
    asked.carry_on_until(request_id, ["ingress", "training"])
    [row] = compliance.get("/api/v1/exclusions", params={"shop": "shop-b"}).json()
    assert row["subject"] == subject_digest(subject)
    about = compliance.get(f"/api/v1/exclusions/{subject}", params={"shop": "shop-b"}).json()
    assert (about["kinds"], about["may_train"]) == (["data_sale"], False)
    leave_out(compliance, subject, "shop-b")  # again: no second row that names them
    assert len(compliance.get("/api/v1/exclusions", params={"shop": "shop-b"}).json()) == 1
    asked.finish(request_id)


def test_a_kept_answer_that_names_them_goes_and_another_stays(asked, compliance):
    request_id, subject = asked.hand_over("503", shop="shop-c")
    other = asked.names.pseudonym("shop-c", "customer", "999")
    for name in (subject, other):
        key = {"Idempotency-Key": f"key-of-{name[:8]}"}
        leave_out(compliance, name, "shop-c", headers=key)
    asked.carry_on_until(request_id, ["ingress", "training"])
    removed = asked.show(request_id)["places"]["control_plane"]["removed"]
    assert removed == {"exclusion": 1, "idempotent_answer": 1}
    if not asked.plane.database_url:
        assert asked.places_with(subject) == {f"redactions/requests/{request_id}.json"}
        assert asked.places_with(other)
    asked.finish(request_id)


def test_the_versions_trained_on_them_are_named_with_what_became_of_them(asked, shop, compliance):
    serving = shop.bootstrap()
    manifest = asked.plane.admin.get(f"/api/v1/versions/{serving}").json()["manifest"]
    request_id, _ = asked.hand_over("504", shop="shop-d")
    gone = f"{shop.model}:20260101-00000000"
    asked.ingress_is_done(request_id)
    asked.training_is_done(request_id, {manifest["dataset"]["digest"]: None}, [gone])
    asked.carry_on_until(request_id, [])
    # Others' made-up versions have the same made-up dataset.
    every = {"limit": MAX_LIMIT}
    found = compliance.get(f"{URL}/{request_id}/versions", params=every).json()
    assert {(e["version"], e["state"], e["serving"]) for e in found} >= {
        (serving, "registered", True),
        (gone, None, False),
    }


def test_one_that_is_late_raises_one_alarm_each_time_it_gets_worse(asked):
    soon, _ = asked.hand_over("505", shop="shop-e", days=9)
    late, _ = asked.hand_over("506", shop="shop-e", days=-1)
    for _ in range(3):
        asked.run()
    told = {
        each: [
            (event["diff"]["warned"][1], "it waits for" in event["reason"])
            for event in asked.events(each)
            if event["action"] == "redaction:late"
        ]
        for each in (soon, late)
    }
    assert told == {soon: [("soon", True)], late: [("overdue", True)]}
    assert asked.show(late)["urgency"] == "overdue"
    page = asked.plane.admin.get("/metrics").text
    assert 'redactions_open{urgency="overdue"} 1.0' in page
    assert "redactions_left_seconds -86" in page
    for each in (soon, late):
        asked.finish(each)


def test_what_keeps_training_from_its_end_is_seen_and_told_once(asked):
    request_id, _ = asked.hand_over("512", shop="shop-h")
    for why in (LONG, LONG, "it is a folder"):
        at = "2026-11-24T03:00:00Z"
        write_hindrance(asked.home, Hindrance(id=request_id, at=at, why=why))
        assert any(why in problem for problem in asked.run()["problems"])
        assert asked.show(request_id)["hindrance"] == why
    told = [e["reason"] for e in asked.events(request_id) if e["action"] == "redaction:stuck"]
    assert told == [LONG, "it is a folder"]
    assert asked.finish(request_id)["hindrance"] is None
    assert hindrance_of(asked.home, request_id) is None


def test_a_file_that_cannot_be_read_is_told_and_keeps_no_other_from_it(asked):
    broken = request_path(asked.home, "broken")
    broken.parent.mkdir(parents=True, exist_ok=True)
    broken.write_text('{"id": "broken"}')
    request_id, _ = asked.hand_over("507", shop="shop-f")
    told = asked.run()
    assert "broken.json" in " ".join(told["problems"])
    assert request_id in told["open"]
    broken.unlink()
    assert asked.run()["problems"] == []
    asked.finish(request_id)


def test_a_file_that_comes_back_after_the_end_is_removed(asked):
    request_id, _ = asked.hand_over("508", shop="shop-g")
    path = request_path(asked.home, request_id)
    kept = path.read_bytes()
    asked.finish(request_id)
    assert not path.exists()
    path.write_bytes(kept)
    asked.run()
    assert not path.exists()


def test_decisions_wait_for_what_the_gateway_has_not_shipped(asked):
    folder = asked.home / "gateway" / "segments"
    folder.mkdir(parents=True, exist_ok=True)
    header = SegmentHeader(
        gateway="g", boot="b", first_seq=1, opened_at="2026-01-01T00:00:00.000000Z"
    )
    frame = encode_frame(header)
    (folder / "g-b-000001.segment").write_bytes(MAGIC + frame + frame)
    (folder / "g-b-000002.open").write_bytes(MAGIC + frame)  # holds nothing yet
    request_id, _ = asked.hand_over("509", shop="shop-h")
    asked.carry_on_until(request_id, ["ingress", "decisions", "training"])
    for _ in range(3):
        asked.run()
    assert "decisions" in asked.show(request_id)["waits_for"]
    (folder / "g-b-000001.segment").unlink()
    asked.carry_on_until(request_id, ["ingress", "training"])
    (folder / "g-b-000002.open").unlink()
    asked.finish(request_id)


def test_a_shop_loses_apps_consents_and_credentials(asked, compliance):
    app = {"shop": "shop-i", "domain": DOMAIN, "secrets": ["file:x.secret"]}
    put = asked.plane.admin.put("/api/v1/shopify-apps/redacted-app-1", json=app)
    assert put.status_code == 200, put.text
    consent = {
        "purpose": "fraud",
        "use": "train",
        "text_version": "1",
        "text_digest": hashlib.sha256(b"text").hexdigest(),
        "given_by": "A. Owner",
        "document": "contract",
        "shop": "shop-i",
    }
    assert compliance.post("/api/v1/consents", json=consent).status_code == 201
    leave_out(compliance, asked.names.pseudonym("shop-i", "customer", "1"), "shop-i")
    sealed = asked.home / "keys" / "shopify_admin" / f"{DOMAIN}.sealed"
    sealed.parent.mkdir(exist_ok=True)
    sealed.write_text("sealed")
    request_id, _ = asked.hand_over("", shop="shop-i", topic="shop/redact")
    asked.carry_on_until(request_id, ["ingress", "training"])
    removed = asked.show(request_id)["places"]["control_plane"]["removed"]
    assert removed == {"consent": 1, "credentials": 1, "exclusion": 1, "shopify_app": 1}
    assert not sealed.exists()
    apps = asked.plane.admin.get("/api/v1/shopify-apps").json()
    assert "redacted-app-1" not in {each["client_id"] for each in apps}
    assert compliance.get("/api/v1/exclusions", params={"shop": "shop-i"}).json() == []
    asked.finish(request_id)


def test_a_backup_of_this_home_names_them_no_more(asked, compliance):
    request_id, subject = asked.hand_over("507", shop="shop-f")
    leave_out(compliance, subject, "shop-f")
    address = asked.plane.database_url
    backup = asked.home / "backups" / "of-507.zip"
    take(Settings(home=asked.home, database_url=address), backup)
    search = PlantedData([subject])
    assert search.texts_below(backup.parent) == {subject}
    removed = asked.finish(request_id)["places"]["control_plane"]["removed"]
    assert removed["backups"] == 1
    assert search.found_below(backup.parent) == []


def test_a_wish_for_data_ends_with_the_erasure_of_whoever_it_is_about(asked, compliance):
    wish, _ = asked.hand_over("508", shop="shop-g", topic="customers/data_request")
    other, _ = asked.hand_over("509", shop="shop-g", topic="customers/data_request")
    request_id, subject = asked.hand_over("508", shop="shop-g")
    asked.finish(request_id)
    done = asked.show(wish)
    assert (done["waits_for"], done["closed_by"]) == ([], "redactor")
    assert request_id in done["closed_reason"]
    assert asked.show(other)["waits_for"] == ["export"]
    assert not [each for each in asked.places_with(subject) if each.startswith("redactions/")]


def test_a_wish_for_data_that_a_restored_database_has_no_row_of_erases_nobody(asked):
    wish, _ = asked.hand_over("510", shop="shop-p", topic="customers/data_request", noted=False)
    asked.run()
    shown = asked.show(wish)
    assert (shown["topic"], shown["erasure"]) == ("customers/data_request", None)
    assert shown["waits_for"] == ["export"]


def test_a_wish_for_data_whose_file_is_gone_can_be_closed(asked, compliance):
    wish, _ = asked.hand_over("511", shop="shop-p", topic="customers/data_request")
    asked.run()
    close, why = f"{URL}/{wish}/close", {"reason": "restored; handed over before"}
    assert compliance.post(close, json=why).status_code == 409
    data_request_path(asked.home, wish).unlink()
    assert compliance.post(close, json=why).json()["urgency"] == "done"


def test_a_backup_that_cannot_be_read_keeps_no_other_part_from_its_own(asked):
    damaged = asked.home / "backups" / "damaged.zip"
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_bytes(b"no zip")
    request_id, _ = asked.hand_over("512", shop="shop-q")
    asked.ingress_is_done(request_id)
    asked.carry_on_until(request_id, ["control_plane", "training"])
    assert "damaged.zip" in " ".join(asked.run()["problems"])
    damaged.unlink()
    asked.finish(request_id)


def test_a_backup_made_while_it_is_open_names_them_no_more_when_it_is_closed(asked, compliance):
    request_id, subject = asked.hand_over("513", shop="shop-q")
    asked.carry_on_until(request_id, ["ingress", "training"])
    # Any row that names them: the ingress's inbox would, until it has erased them.
    leave_out(compliance, subject, "shop-r", headers={"Idempotency-Key": "while-it-is-open"})
    backup = asked.home / "backups" / "of-513.zip"
    take(Settings(home=asked.home, database_url=asked.plane.database_url), backup)
    search = PlantedData([subject])
    assert search.texts_below(backup.parent) == {subject}
    asked.finish(request_id)
    assert search.found_below(backup.parent) == []


def test_decisions_are_ordered_once_the_ingress_here_decides_about_them_no_more(asked):
    inbox = asked.home / "ingress" / "inbox.db"
    inbox.parent.mkdir(exist_ok=True)
    inbox.touch()
    request_id, _ = asked.hand_over("514", shop="shop-q")
    for _ in range(3):
        asked.run()
    assert asked.show(request_id)["erasure"] is None
    asked.ingress_is_done(request_id)
    assert asked.carry_on_until(request_id, ["training"])["erasure"]
    inbox.unlink()
    asked.finish(request_id)


@pytest.mark.parametrize("name", [".x.json.0a1b2c3d", "tmp0815ab"])
def test_neither_a_half_written_nor_a_damaged_file_outlives_or_holds_up_a_request(asked, name):
    request_id, subject = asked.hand_over(f"515{len(name)}", shop="shop-q")
    half, damaged = (
        request_path(asked.home, "x").with_name(name),
        data_request_path(asked.home, "damaged"),
    )
    half.write_text(subject)
    os.utime(half, (0, 0))
    damaged.parent.mkdir(exist_ok=True)
    damaged.write_text("{}")
    assert asked.finish(request_id)["urgency"] == "done"
    damaged.unlink()
    assert asked.places_with(subject) == set()
