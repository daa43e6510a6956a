"""One's own sessions and keys, whoever one is."""

import pytest
from playwright.sync_api import expect

from tests.control_plane.console.pages.test_keys import shown_key


@pytest.mark.slow
def test_a_key_of_ones_own_is_limited_to_what_was_ticked(console, people, open_page):
    page = open_page("release_manager", path="/me")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name (optional)").fill("read only")
    dialog.locator("select[name=lasts]").select_option("86400")
    dialog.get_by_role("checkbox", name="read", exact=True).check()
    dialog.get_by_role("button", name="Make the key").click()
    client = console.client(shown_key(page))
    row = page.get_by_role("row").filter(has_text="read only")
    expect(row.get_by_role("cell").nth(1)).to_have_text("read")
    expect(row.get_by_role("cell").nth(4)).not_to_have_text("never")
    assert client.get("/api/v1/models").status_code == 200
    answer = client.post("/api/v1/freezes", json={"ends_at": "2099-01-01T00:00:00Z", "reason": "x"})
    assert answer.status_code == 403


@pytest.mark.slow
def test_another_browser_of_mine_is_signed_out_from_here(console, people, visit):
    person, here = people.newcomer("viewer")
    there = here.browser.new_context()
    people.sign_in(person, there)
    mine, lost = here.new_page(), there.new_page()
    mine.goto(f"{console.url}/console/me")
    lost.goto(f"{console.url}/console/")
    lost.locator("#main h1").wait_for()
    rows = mine.get_by_role("region", name="Sessions").get_by_role("row")
    expect(rows).to_have_count(3)
    expect(rows.filter(has_text="This browser")).to_have_count(1)
    rows.filter(has_not_text="This browser").get_by_role("button", name="End session").click()
    mine.get_by_role("dialog").get_by_role("button", name="End it now").click()
    expect(rows).to_have_count(2)
    expect(lost.get_by_label("Password")).to_be_visible()
    here.close()
    there.close()


@pytest.mark.slow
def test_signing_out_everywhere_ends_this_page_too(console, people, visit):
    _, context = people.newcomer("viewer")
    page = context.new_page()
    page.goto(f"{console.url}/console/me")
    page.get_by_role("button", name="Sign out everywhere").click()
    page.get_by_role("dialog").get_by_role("button", name="End them all").click()
    expect(page.get_by_label("Password")).to_be_visible()
    context.close()
