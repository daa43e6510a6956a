"""Who may do what since when, and which keys deserve a question."""

import pytest
from playwright.sync_api import expect

from control_plane.console.pages.access_review import doubts_of

KEY = {
    "made_by_another": False,
    "created_by": "ada",
    "expires_at": "2099-01-01T00:00:00.000000Z",
    "last_used_at": None,
}


def test_a_key_of_ones_own_with_an_end_is_doubted_only_while_unused():
    assert doubts_of(KEY) == ["was never used"]
    old = KEY | {"last_used_at": "2020-01-01T00:00:00.000000Z"}
    assert doubts_of(old) == ["was not used for 90 days"]
    shared = KEY | {"made_by_another": True, "expires_at": None}
    assert doubts_of(shared) == ["ada has seen it", "has no end", "was never used"]


@pytest.mark.slow
def test_roles_are_shown_with_who_gave_them_when(here, open_page):
    page = open_page("compliance", path="/access-review")
    row = page.get_by_role("region", name="Persons").get_by_role("row")
    row = row.filter(has_text=here.approver.person)
    expect(row).to_contain_text("approver since")
    expect(row).to_contain_text("by admin")
    keys = page.get_by_role("region", name="Good keys").get_by_role("row")
    expect(keys.filter(has_text=here.approver.person)).to_contain_text("admin has seen it")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert here.approver.person in download.value.path().read_text()
