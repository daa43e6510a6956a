"""The register before somebody who may read it."""

import pytest
from playwright.sync_api import expect


def test_events_are_found_and_the_register_is_checked(here, open_page, people, denials):
    here.bootstrap(1)
    release = here.author.get(f"/api/v1/releases?model={here.model}").json()[0]
    assert here.tell(release, "approve").status_code == 403
    page = open_page("compliance", path=f"/audit?model={here.model}&outcome=denied")
    rows = page.get_by_role("table", name="Events, newest first").get_by_role("row")
    expect(rows.nth(1)).to_contain_text("Denied")
    expect(rows.nth(1)).to_contain_text("release:approve")
    page.get_by_role("button", name="Check the register").click()
    expect(page.get_by_role("status").filter(has_text="events are what they were")).to_be_visible()
    newest = here.plane.admin.get("/api/v1/register/events", params={"action": "register:verify"})
    assert newest.json()[-1]["actor"]["id"] == people.ids["compliance",]


@pytest.mark.slow
def test_new_events_appear_by_themselves(here, open_page):
    page = open_page("compliance", path="/audit?action=attribute:declare")
    here.author.put("/api/v1/attributes", json={f"colour_{here.model}": "string"})
    table = page.get_by_role("table", name="Events, newest first")
    expect(table.get_by_role("row").nth(1)).to_contain_text("attribute:declare")


@pytest.mark.slow
def test_an_event_shows_who_what_why_and_hands_out_its_proof(here, open_page):
    here.bootstrap(1)
    query = {"action": "release:approve", "model": here.model}
    event = here.plane.admin.get("/api/v1/register/events", params=query).json()[-1]
    page = open_page("compliance", path=f"/audit/{event['seq']}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("release:approve")
    expect(page.locator("#main")).to_contain_text(here.approver.person)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download its proof").click()
    assert download.value.path().read_text().startswith("c2sp.org/tlog-proof")


@pytest.mark.slow
def test_a_wrong_time_is_told_and_not_ignored(open_page):
    page = open_page("compliance", path="/audit?since=yesterday")
    expect(page.locator("#main")).to_contain_text("since: expected an RFC 3339 time")
