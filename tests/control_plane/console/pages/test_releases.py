"""What serves now and to how many; every urgent thing is one click and one confirmation."""

import time

import pytest
from playwright.sync_api import expect

from tests.control_plane.console.keyboard import tab_to

MANAGER = ("release_manager", "data_scientist")


@pytest.mark.slow
def test_what_serves_is_shown_with_its_share(here, open_page):
    stable = here.bootstrap(1)
    release = here.started(2, shadow=False)
    page = open_page("viewer")
    lanes = page.get_by_label(f"Who serves {here.model}").get_by_role("listitem")
    expect(lanes).to_have_count(2)
    expect(lanes.nth(0)).to_contain_text(f"95 %{stable}Stable")
    expect(lanes.nth(1)).to_contain_text(f"5 %{release['candidate']}Canary")


def test_a_change_by_api_appears_without_a_reload(here, open_page, record_property):
    here.bootstrap(1)
    release = here.started(2, shadow=False)
    page = open_page("viewer")
    page.evaluate("window.untouched = true")
    lanes = page.get_by_label(f"Who serves {here.model}")
    expect(lanes).to_contain_text("5 %")
    here.must(release, "ramp", weight=0.37)
    answered = time.monotonic()
    expect(lanes).to_contain_text("37 %")
    record_property("seconds_until_shown", round(time.monotonic() - answered, 3))
    assert page.evaluate("window.untouched") is True


def test_ramp_pause_resume_and_promote_by_click(here, open_page, confirm):
    here.bootstrap(1)
    release = here.started(2)
    page = open_page(*MANAGER)
    panel = page.get_by_role("region", name=here.model, exact=True)
    panel.get_by_role("button", name="Ramp to 5 %").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Share of visitors").fill("40")
    expect(dialog.get_by_role("status")).to_contain_text("40 % of visitors move from")
    confirm(page, "Ramp", "shadow is clean")
    expect(panel.get_by_label(f"Who serves {here.model}")).to_contain_text("40 %")
    for button, done, state in (
        ("Pause", "Pause", "paused"),
        ("Resume", "Resume", "canary"),
        ("Promote", "Promote", "promoted"),
    ):
        panel.get_by_role("button", name=f"{button} {here.model}").click()
        confirm(page, done, f"to {state}")
        found = here.author.get(f"/api/v1/releases/{release['id']}").json()
        assert found["state"] == state
    expect(panel).to_contain_text("no open release")
    expect(page.get_by_role("status").filter(has_text="Promoted.")).to_be_visible()


@pytest.mark.slow
def test_roll_back_by_click(here, open_page, confirm):
    stable = here.bootstrap(1)
    release = here.started(2, shadow=False)
    page = open_page("compliance")
    page.get_by_role("button", name=f"Roll back {here.model}").click()
    confirm(page, "Roll back now", "margin fell")
    lanes = page.get_by_label(f"Who serves {here.model}")
    expect(lanes.get_by_role("listitem")).to_have_count(1)
    expect(lanes).to_contain_text(stable)
    expect(page.get_by_role("region", name="Closed releases")).to_contain_text("Rolled back")
    assert here.author.get(f"/api/v1/releases/{release['id']}").json()["state"] == "rolled_back"


def test_kill_and_end_of_kill_by_click(here, open_page, confirm):
    stable = here.bootstrap(1)
    here.started(2, shadow=False)
    page = open_page("approver")
    page.get_by_role("button", name=f"Kill {here.model}", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Kill now").click()
    expect(dialog.get_by_role("alert")).to_contain_text("reason")
    confirm(page, "Kill now", "scores are all zero")
    panel = page.get_by_role("region", name=here.model, exact=True)
    expect(panel).to_contain_text(f"Killed to {stable}")
    expect(panel.get_by_label(f"Who serves {here.model}")).to_contain_text("100 %")
    page.get_by_role("button", name=f"End the kill of {here.model}").click()
    confirm(page, "End the kill", "fixed upstream")
    expect(panel.get_by_role("button", name=f"Kill {here.model}", exact=True)).to_be_visible()
    assert here.model_state()["killed"] is None


URGENT = (
    ("Lower", "Lower", "canary"),
    ("Pause", "Pause", "paused"),
    ("Roll back", "Roll back now", "rolled_back"),
    ("Abort", "Abort", "aborted"),
    ("Kill", "Kill now", "paused"),
)


@pytest.mark.slow
@pytest.mark.parametrize(("button", "done", "state"), URGENT, ids=[each[0] for each in URGENT])
def test_every_urgent_action_takes_no_mouse(here, open_page, button, done, state):
    here.bootstrap(1)
    release = here.started(2, shadow=False)
    page = open_page("release_manager")
    tab_to(page, f"{button} {here.model}")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    reason = dialog.get_by_label("Reason")
    expect(reason).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name=f"{button} {here.model}", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    if button == "Lower":
        share = dialog.get_by_label("Share of visitors")
        while not share.evaluate("each => each === document.activeElement"):
            page.keyboard.press("Shift+Tab")
        page.keyboard.type("1")
        page.keyboard.press("Tab")
    expect(reason).to_be_focused()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    found = here.author.get(f"/api/v1/releases/{release['id']}").json()
    assert found["state"] == state
    # The register names what the dialog's button said it would do.
    assert done.split()[0].lower() in button.lower()


@pytest.mark.slow
def test_each_role_is_offered_what_it_may_do_and_no_more(here, open_page):
    here.bootstrap(1)
    here.started(2, shadow=False)
    back = {"Lower", "Pause", "Roll back", "Abort", "Kill"}
    for role, offered in (
        ("viewer", set()),
        ("data_scientist", set()),
        ("approver", back),
        ("compliance", back),
        ("admin", back),
        ("release_manager", back | {"Ramp to 25 %", "Promote"}),
    ):
        page = open_page(role)
        panel = page.get_by_role("region", name=here.model, exact=True)
        names = panel.get_by_role("button").evaluate_all(
            "found => found.map(each => each.getAttribute('aria-label'))"
        )
        assert {name.removesuffix(f" {here.model}") for name in names} == offered, role
        drafts = page.get_by_role("link", name="New release").count()
        assert bool(drafts) == (role in ("data_scientist", "release_manager")), role
