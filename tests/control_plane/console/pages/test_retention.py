"""What is kept how long, and what is due is deleted by order."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.control_plane.decisions.gateway_stand_in import GatewayStandIn


@pytest.fixture
def old(here, tmp_path):
    """A decision so old that its personal part is due."""
    here.bootstrap(1)
    gateway = GatewayStandIn(here.plane, tmp_path)
    at = datetime.now(UTC) - timedelta(days=300)
    gateway.decide(here.model, "somebody", at=at)
    gateway.ship()
    return at.date().isoformat()


@pytest.mark.slow
def test_days_that_are_due_are_shown_and_deleted(old, open_page, confirm):
    page = open_page("admin", path="/retention")
    expect(page.get_by_role("region", name="How long")).to_contain_text("200 days")
    due = page.get_by_role("region", name="Due now")
    expect(due.get_by_role("row").filter(has_text=old)).to_contain_text("Personal part")
    page.get_by_role("button", name="Delete what is due").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete now").click()
    expect(due).to_contain_text("Nothing is due")
