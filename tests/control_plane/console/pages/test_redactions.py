"""Law requests with the days they have left, and the one that ends by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from bentos.contract.redaction import RedactionKind, RedactionRequest
from bentos.redaction_files import write_request
from control_plane.identifier import new_id
from tests.control_plane.redactions.conftest import URL


@pytest.fixture
def late(here):
    """A request the ingress handed over, two days past its time."""
    now = datetime.now(UTC)
    request = RedactionRequest(
        id=new_id(),
        kind=RedactionKind.CUSTOMER,
        reason="customers/redact of demo.myshopify.com",
        requested_at=(now - timedelta(days=32)).isoformat(),
        due_at=(now - timedelta(days=2)).isoformat(),
        shop="demo-shop",
        subjects=("L" * 26,),
    )
    write_request(here.plane.home, request)
    assert here.plane.person("compliance").post(f"{URL}/run").status_code == 200
    return request.id


@pytest.mark.slow
def test_a_late_request_says_what_it_waits_for_and_is_ended_with_a_reason(
    here, late, open_page, confirm
):
    page = open_page("compliance", path="/redactions")
    expect(page.get_by_text("overdue: see what it waits for")).to_be_visible()
    # Another test's may be late as well.
    row = page.get_by_role("row").filter(has_text=late[:13])
    for text in ("Overdue", "2 days late", "A customer is to be forgotten", "training"):
        expect(row).to_contain_text(text)
    assert "L" * 26 not in page.content()
    row.get_by_role("button", name="Close").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("tax law: kept until 2036")
    confirm(page, "Close")
    expect(row).to_contain_text("Done")
    closed = here.plane.person("compliance").get(f"{URL}/{late}").json()
    assert closed["closed_reason"] == "tax law: kept until 2036"


@pytest.mark.slow
def test_an_admin_sees_them_and_ends_none(late, open_page):
    page = open_page("admin", path="/redactions")
    expect(page.get_by_role("region", name="Requests")).to_contain_text("2 days late")
    expect(page.get_by_role("button", name="Close")).to_have_count(0)
