"""A person is erased by order, and the order says how far it is."""

import pytest
from playwright.sync_api import expect

from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn

# No digest or time of the register holds it by chance.
CUSTOMER = "4711" * 8


@pytest.fixture
def decided(here, tmp_path):
    """A decision about somebody, made and shipped before any page is open."""
    here.bootstrap(1)
    gateway = GatewayStandIn(here.plane, tmp_path)
    decision = gateway.decide(here.model, "to-be-forgotten")
    gateway.ship()
    return decision


@pytest.mark.slow
def test_somebody_is_erased_and_their_decision_stays_provable(here, decided, open_page, confirm):
    page = open_page("compliance", path="/erasures")
    page.get_by_role("button", name="Erase a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Or by other ids").fill("customer")
    dialog.get_by_label("Reason").fill("asked on 3 May")
    dialog.get_by_role("button", name="Erase for good").click()
    expect(dialog.get_by_role("alert")).to_contain_text("a kind and an id")
    dialog.get_by_label("Or by other ids").fill(f"customer {CUSTOMER}")
    dialog.get_by_label("Targeting keys").fill("to-be-forgotten")
    confirm(page, "Erase for good")
    row = page.get_by_role("region", name="Orders").get_by_role("row").nth(1)
    expect(row).to_contain_text("asked on 3 May")
    expect(row).to_contain_text("Done")
    expect(row.get_by_role("cell").last).to_have_text("1")
    assert "to-be-forgotten" not in page.content()
    query = {"action": "decision:erase", "limit": 1000}
    events = here.plane.admin.get("/api/v1/register/events", params=query).json()
    assert all("to-be-forgotten" not in str(each) and CUSTOMER not in str(each) for each in events)
    found = here.plane.admin.get(f"/api/v1/decisions/{decided}").json()
    assert found["decision_id"] == decided


@pytest.mark.slow
def test_nobody_is_erased_without_saying_whom(open_page):
    page = open_page("compliance", path="/erasures")
    page.get_by_role("button", name="Erase a person").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("x")
    dialog.get_by_role("button", name="Erase for good").click()
    expect(dialog.get_by_role("alert")).to_contain_text("subjects: expected a pseudonym")
