"""One release before two people in two browsers, each seeing what the other does."""

import pytest
from playwright.sync_api import expect

from tests.control_plane.console.keyboard import tab_to
from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn

MANAGER = ("release_manager", "data_scientist")


def test_author_and_approver_take_a_release_from_draft_to_canary(here, open_page, confirm):
    here.bootstrap(1)
    candidate = here.register(2)
    here.report(candidate)
    author = open_page(*MANAGER, path=f"/releases/new?version={candidate}")
    author.get_by_label("Reason").fill("fewer false alarms")
    author.get_by_role("checkbox", name="Shadow first").uncheck()
    author.get_by_role("button", name="Keep draft").click()
    author.get_by_role("heading", name="fewer false alarms").wait_for()
    path = author.url.partition("/console")[2]

    approver = open_page("approver", path=path)
    approver.evaluate("window.untouched = true")
    expect(approver.get_by_role("button", name="Approve")).to_have_count(0)

    author.get_by_role("button", name="Submit for review").click()
    confirm(author, "Submit", "please look")
    approver.get_by_role("button", name="Approve").click()
    dialog = approver.get_by_role("dialog")
    expect(dialog.get_by_role("row", name="Candidate " + candidate)).to_be_visible()
    confirm(approver, "Approve", "looked at the slices")

    author.get_by_role("button", name=f"Start {here.model}").click()
    confirm(author, "Start", "quiet hour")
    for page in (author, approver):
        expect(page.get_by_label("The way of this release").locator(".here")).to_have_text("5 %")
        expect(page.get_by_label(f"Who serves {here.model}")).to_contain_text("95 %")
        expect(page.get_by_label("What happened, newest first")).to_contain_text("approved it")
    assert approver.evaluate("window.untouched") is True


@pytest.mark.slow
def test_who_worked_on_a_release_is_offered_no_approval_of_it(here, people, open_page):
    release = _in_review(here)
    roles = ("release_manager", "approver")
    page = open_page(*roles, path=f"/releases/{release['id']}")
    expect(page.get_by_role("button", name="Approve")).to_be_visible()
    edited = page.context.request.patch(
        f"{here.plane.url}/api/v1/releases/{release['id']}",
        data={"reason": "mine now", "expected_revision": release["revision"]},
        headers={"Origin": here.plane.url},
    )
    assert edited.ok, edited.text()
    expect(page.get_by_role("heading", name="mine now")).to_be_visible()
    here.must(release, "submit")
    expect(page.locator("#main .badge", has_text="In review").first).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)
    expect(page.get_by_text("To approve it is for")).to_be_visible()


def test_a_conflict_is_shown_and_nothing_typed_is_lost(here, open_page):
    here.bootstrap(1)
    release = here.started(2, shadow=False)
    page = open_page(*MANAGER, path=f"/releases/{release['id']}")
    page.get_by_role("button", name=f"Promote {here.model}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("numbers hold")
    here.must(release, "ramp", weight=0.3)
    dialog.get_by_role("button", name="Promote", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else changed this meanwhile")
    expect(dialog.get_by_label("Reason")).to_have_value("numbers hold")
    dialog.get_by_role("button", name="Promote", exact=True).click()
    dialog.wait_for(state="detached")
    assert here.model_state()["stable"] == release["candidate"]


def test_approving_takes_no_mouse(here, open_page):
    release = _in_review(here)
    page = open_page("approver", path=f"/releases/{release['id']}")
    tab_to(page, f"Approve {here.model}")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    expect(page.get_by_role("button", name=f"Approve {here.model}")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("read it all")
    page.keyboard.press("Enter")
    dialog.wait_for(state="detached")
    expect(page.locator("#main .badge", has_text="Approved").first).to_be_visible()
    found = here.author.get(f"/api/v1/releases/{release['id']}").json()
    assert [each["reason"] for each in found["approvals"]] == ["read it all"]


@pytest.mark.slow
def test_what_an_edit_changed_since_the_last_approval_is_marked(here, open_page):
    release = _in_review(here)
    approved = here.must(release, "approve", expected_revision=release["revision"])
    body = {"steps": [0.1], "expected_revision": approved["revision"]}
    assert here.author.patch(f"/api/v1/releases/{release['id']}", json=body).status_code == 200
    page = open_page("viewer", path=f"/releases/{release['id']}")
    row = page.get_by_role("row", name="Steps")
    expect(row.locator("ins")).to_have_text("10 %")
    expect(row.locator("del")).to_have_text("5 % → 25 %")
    expect(page.get_by_text("Void", exact=True)).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/releases/nowhere", "/models/nowhere", "/versions/nowhere"])
def test_what_is_not_there_says_so(open_page, path):
    page = open_page("viewer", path=path)
    expect(page.get_by_role("heading", level=1)).to_contain_text("No such")


@pytest.mark.slow
def test_what_happened_comes_newest_first_and_older_on_request(here, open_page):
    release = _in_review(here)
    for number in range(20):
        here.must(here.must(release, "refuse", reason=f"not yet {number}"), "submit")
    page = open_page("viewer", path=f"/releases/{release['id']}")
    happened = page.get_by_label("What happened, newest first").get_by_role("listitem")
    expect(happened).to_have_count(30)
    expect(happened.first).to_contain_text("submitted it for review")
    expect(happened.nth(1)).to_contain_text("not yet 19")
    page.get_by_role("button", name="Show older").click()
    expect(happened).to_have_count(42)
    expect(happened.last).to_contain_text("drafted it")
    expect(page.get_by_role("button", name="Show older")).to_have_count(0)


@pytest.fixture
def sampled(here, tmp_path):
    """A canary at half whose step asks for visitors, and a gateway to send them."""
    here.bootstrap(1)
    steps = [{"weight": 0.5, "minimum_sample": 3}, 0.8]
    release = here.started(2, shadow=False, steps=steps)
    here.routed(lambda feature: "rules" in feature)
    gateway = GatewayStandIn(here.plane, tmp_path)
    gateway.decide(here.model, "one")
    gateway.ship()
    for number in range(60):
        gateway.decide(here.model, f"visitor {number}")
    return release, gateway


@pytest.mark.slow
def test_a_ramp_is_offered_as_soon_as_enough_visitors_were_seen(here, sampled, open_page, confirm):
    release, gateway = sampled
    page = open_page(*MANAGER, path=f"/releases/{release['id']}")
    expect(page.get_by_text("needs 3 subjects on the candidate")).to_be_visible()
    expect(page.get_by_role("button", name="Ramp")).to_have_count(0)
    gateway.ship()
    page.get_by_role("button", name="Ramp to 80 %").click()
    confirm(page, "Ramp", "enough of them")
    expect(page.get_by_label(f"Who serves {here.model}")).to_contain_text("80 %")


def _in_review(here):
    here.bootstrap(1)
    version = here.register(2)
    here.report(version)
    return here.must(here.draft(version), "submit")
