"""One decision that a gateway's own code decided, logged and shipped."""

import pytest
from playwright.sync_api import expect

from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn


@pytest.fixture
def decided(here, tmp_path):
    """Before any page is open: the gateway's code has an event loop of its own."""
    here.bootstrap(1)
    release = here.started(2, shadow=False, steps=[1.0])
    here.routed(lambda feature: "rules" in feature)
    gateway = GatewayStandIn(here.plane, tmp_path)
    decision = gateway.decide(here.model, "somebody")
    gateway.ship()
    return release, decision


@pytest.mark.slow
def test_a_decision_is_found_proved_and_run_again(here, decided, open_page):
    release, decision = decided
    page = open_page("compliance", path="/audit")
    page.get_by_label("Evidence for one decision").fill(decision)
    page.get_by_role("button", name="Show").click()
    main = page.locator("#main")
    expect(main).to_contain_text(release["candidate"])
    expect(main.get_by_role("link", name=release["id"])).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Evidence file").click()
    assert decision in download.value.path().read_text()
    page.get_by_role("button", name="Run it again").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Other inputs").fill("not JSON")
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("inputs: expected JSON")
    query = {"action": "decision:evidence"}
    events = here.plane.admin.get("/api/v1/register/events", params=query).json()
    assert events[-1]["entity"] == f"decision:{decision}"


@pytest.mark.slow
def test_a_decision_that_is_not_there_yet_says_how_it_comes(open_page):
    page = open_page("compliance", path="/decisions/01a21790-8919-78d3-8035-3af77330558f")
    expect(page.locator("#main")).to_contain_text("once their gateway's segment was shipped")
