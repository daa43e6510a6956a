"""A freeze is made by one person, holds everybody up, and is ended by another."""

import pytest
from playwright.sync_api import expect

from control_plane import clock

MANAGER = ("release_manager", "data_scientist")


@pytest.mark.slow
def test_a_freeze_is_set_exempted_from_and_ended_by_another_person(here, open_page, confirm):
    here.bootstrap(1)
    version = here.register(2)
    here.report(version)
    release = here.must(here.draft(version, shadow=False), "submit", "approve")
    manager = open_page(*MANAGER, path="/freezes")
    manager.get_by_role("button", name="New freeze").click()
    dialog = manager.get_by_role("dialog")
    dialog.get_by_role("checkbox", name=here.model, exact=True).check()
    why = f"Black Friday of {here.model}"
    dialog.get_by_label("Reason").fill(why)
    dialog.get_by_role("button", name="Freeze", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("ends_at")
    # From now on, and a freeze is at most a year long: no date written here stays right.
    until = clock.later(30 * 86_400.0)[: len("2026-12-24T08:00")]
    dialog.get_by_label("Until (UTC)").fill(until)
    confirm(manager, "Freeze")
    row = manager.get_by_role("row").filter(has_text=why)
    expect(row).to_contain_text("In force")
    expect(row).to_contain_text(here.model)
    expect(row.get_by_role("button")).to_have_count(0)
    assert here.tell(release, "start").status_code == 409
    held = open_page(*MANAGER, path=f"/releases/{release['id']}")
    expect(held.locator(".why").first).to_contain_text(f"{until}:00.000000Z ({why})")
    expect(held.get_by_role("button", name=f"Start {here.model}")).to_have_count(0)

    approver = open_page("approver", path="/freezes")
    row = approver.get_by_role("row").filter(has_text=why)
    row.get_by_role("button", name="Exempt a release").click()
    approver.get_by_role("dialog").get_by_label("Release").select_option(release["id"])
    confirm(approver, "Exempt it", "a security fix")
    expect(row).to_contain_text("was exempted by")
    expect(held.get_by_role("button", name=f"Start {here.model}")).to_be_visible()
    row.get_by_role("button", name="End:").click()
    confirm(approver, "End it now", "it is over early")
    over = manager.get_by_role("region", name="Over").get_by_role("row").filter(has_text=why)
    expect(over).to_contain_text("ended by approver")


@pytest.mark.slow
def test_a_freeze_to_come_is_called_off_by_who_makes_them(open_page, confirm):
    page = open_page(*MANAGER, path="/freezes")
    page.get_by_role("button", name="New freeze").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("From (UTC)").fill("2099-11-20T00:00")
    dialog.get_by_label("Until (UTC)").fill("2099-11-30T00:00")
    confirm(page, "Freeze", "far away")
    row = page.get_by_role("row").filter(has_text="far away")
    expect(row).to_contain_text("To come")
    row.get_by_role("button", name="Call off").click()
    confirm(page, "Call off", "not this year")
    expect(page.get_by_role("region", name="Over")).to_contain_text("far away")


@pytest.mark.slow
def test_who_may_not_freeze_is_shown_freezes_and_no_button(open_page):
    page = open_page("viewer", path="/freezes")
    assert page.get_by_role("button", name="New freeze").count() == 0
