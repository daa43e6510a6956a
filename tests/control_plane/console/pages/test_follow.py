"""An upstream is proposed by one person, agreed to by another, and left by whoever may go back."""

import pytest
from playwright.sync_api import expect

MANAGER = ("release_manager", "data_scientist")
# Nobody listens there: what is followed is never reached.
NOWHERE = "http://127.0.0.1:9"


@pytest.mark.slow
def test_two_persons_begin_to_follow_and_one_ends_it(here, open_page, confirm):
    here.bootstrap(1)
    manager = open_page(*MANAGER, path="/follow")
    expect(manager.locator("#main")).to_contain_text("Nothing is followed")
    manager.get_by_role("button", name="Follow an upstream").press("Enter")
    dialog = manager.get_by_role("dialog")
    expect(dialog.get_by_label("Address")).to_be_focused()
    dialog.get_by_label("Address").fill(NOWHERE)
    dialog.get_by_label("Client key").fill("sdk-a-key-itself")
    dialog.get_by_role("checkbox", name=here.model, exact=True).check()
    dialog.get_by_label("Reason").fill("one place for all flags")
    dialog.get_by_role("button", name="Propose", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("client_key")
    dialog.get_by_label("Client key").fill("file:upstream.key")
    confirm(manager, "Propose")
    now = manager.get_by_role("region", name="Now")
    expect(now).to_contain_text("Proposed")
    expect(now).to_contain_text("file:upstream.key")
    expect(now.get_by_role("button", name="Agree")).to_have_count(0)
    expect(manager.get_by_role("button", name="Follow an upstream")).to_have_count(0)

    approver = open_page("approver", path="/follow")
    approver.get_by_role("button", name="Agree").click()
    confirm(approver, "Agree", "read and understood")
    expect(now).to_contain_text("In force")
    expect(now).to_contain_text("was refused: what was good before stays")
    expect(now).to_contain_text("a secret cannot be read")
    approver.get_by_role("button", name="Stop following").click()
    confirm(approver, "Stop now", "back to our own")
    over = manager.get_by_role("region", name="Over").get_by_role("row").filter(has_text=NOWHERE)
    expect(over).to_contain_text("by approver")
    expect(manager.get_by_role("button", name="Follow an upstream")).to_be_visible()


@pytest.mark.slow
def test_who_may_only_read_sees_what_is_followed_and_no_button(open_page):
    page = open_page("viewer", path="/follow")
    expect(page.locator("#main")).to_contain_text("without our approval")
    assert page.get_by_role("button", name="Follow an upstream").count() == 0
