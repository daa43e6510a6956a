"""The merchant's dashboard: last night, the shop, and consents given and withdrawn by hand."""

import pytest
from playwright.sync_api import expect

DIGEST = "a" * 64
NIGHT = {
    "id": "20261126T023000Z-0a1b2c",
    "outcome": "done",
    "started_at": "2026-11-26T02:30:00Z",
    "ended_at": "2026-11-26T03:10:00Z",
    "models": [{"model": "fraud", "version": "fraud:20261126-0a1b2c3d", "state": "registered"}],
}
STOPPED = NIGHT | {
    "id": "20261127T023000Z-0a1b2c",
    "outcome": "stopped",
    "synced_at": "2026-11-27T02:31:00Z",
    "models": [{"model": "fraud"}],
    "problems": [{"step": "check", "check": "currency mix", "column": "currency"}],
}


@pytest.mark.slow
def test_a_consent_is_recorded_and_withdrawn(open_page, confirm):
    page = open_page("compliance", path="/shop")
    page.get_by_role("button", name="Record a consent").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("pricing").check()
    dialog.get_by_label("learn from orders").check()
    dialog.get_by_label("Given by").fill("M. Moreau, managing director")
    dialog.get_by_label("In which writing").fill("agreement of 2026-11-20")
    dialog.get_by_label("Version of the text").fill("2026-11")
    dialog.get_by_label("SHA-256 of the text").fill("none")
    dialog.get_by_role("button", name="Record").click()
    expect(dialog.get_by_role("alert")).to_contain_text("64 hex digits")
    dialog.get_by_label("SHA-256 of the text").fill(DIGEST)
    confirm(page, "Record")
    consents = page.get_by_role("region", name="Consents")
    row = consents.get_by_role("row").filter(has_text="pricing").filter(has_text="learn")
    expect(row).to_contain_text("In force")
    expect(row).to_contain_text("M. Moreau, managing director")
    row.get_by_role("button", name="Withdraw").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("letter of today")
    confirm(page, "Withdraw")
    expect(row).to_contain_text("None")
    expect(row.get_by_role("button")).to_have_count(0)


@pytest.mark.slow
def test_last_night_is_told_and_who_only_reads_changes_nothing(here, open_page):
    for night in (NIGHT, STOPPED):
        answer = here.plane.holder("trainer").post("/api/v1/nights", json=night)
        assert answer.status_code in {200, 201}
    page = open_page("admin", path="/shop")
    night = page.get_by_role("region", name="Last night")
    expect(night).to_contain_text("Stopped")
    expect(night).to_contain_text("currency mix in currency")
    expect(night).to_contain_text("Last good night")
    shop = page.get_by_role("region", name="Connected shop")
    expect(shop).to_contain_text("27 Nov 2026")
    expect(shop).to_contain_text("Law requests open")
    stranger = open_page("viewer", path="/shop")
    expect(stranger.get_by_role("region", name="Consents")).to_have_count(0)
