"""One person before an admin: their sessions end, and they are told so."""

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_somebody_elses_sessions_are_ended_everywhere(console, people, open_page, confirm):
    person, context = people.newcomer("viewer")
    theirs = context.new_page()
    theirs.goto(f"{console.url}/console/")
    theirs.locator("#main h1").wait_for()
    page = open_page("admin", path=f"/people/{person}")
    sessions = page.get_by_role("region", name="Sessions")
    expect(sessions.get_by_role("row")).to_have_count(2)
    sessions.get_by_role("button", name="Sign out everywhere").click()
    confirm(page, "End them all")
    expect(sessions).to_contain_text("Signed in nowhere")
    expect(theirs.get_by_label("Password")).to_be_visible()
    context.close()


@pytest.mark.slow
def test_other_roles_hold_from_the_next_look_on(console, people, open_page, confirm):
    person, context = people.newcomer("viewer")
    theirs = context.new_page()
    theirs.goto(f"{console.url}/console/freezes")
    theirs.locator("#main h1").wait_for()
    page = open_page("admin", path=f"/people/{person}")
    page.get_by_role("button", name="Roles").click()
    page.get_by_role("dialog").get_by_role("checkbox", name="approver").check()
    confirm(page, "Keep roles")
    expect(page.get_by_role("region", name="Access")).to_contain_text("releases:approve")
    # Their session ended with their old roles.
    expect(theirs.get_by_label("Password")).to_be_visible()
    context.close()
