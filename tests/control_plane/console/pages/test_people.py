"""Persons before an admin."""

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_a_person_is_made_gets_a_key_shown_once_and_is_shut_out(console, open_page, confirm):
    page = open_page("admin", path="/people")
    page.get_by_role("button", name="New person").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("[name=id]").fill("lena.brandt")
    dialog.get_by_role("textbox", name="Name", exact=True).fill("Lena Brandt")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("alert")).to_contain_text("roles")
    expect(dialog.get_by_role("textbox", name="Name", exact=True)).to_have_value("Lena Brandt")
    dialog.get_by_role("checkbox", name="viewer").check()
    confirm(page, "Add")
    page.get_by_role("link", name="Lena Brandt").click()
    page.get_by_role("button", name="New key").click()
    page.get_by_role("dialog").get_by_role("button", name="Make the key").click()
    shown = page.get_by_role("dialog", name="The new key")
    key = shown.locator(".secret").inner_text()
    shown.get_by_role("button", name="I have it").click()
    expect(page.locator(".secret")).to_have_count(0)
    assert key not in page.content()
    client = console.client(key)
    assert client.get("/api/v1/models").status_code == 200
    row = page.get_by_role("row").filter(has_text=key[:16])
    expect(row.get_by_role("cell").nth(3)).not_to_have_text("never")
    row.get_by_role("button", name="Revoke key").click()
    confirm(page, "Revoke now")
    expect(row).to_contain_text("Revoked")
    assert client.get("/api/v1/models").status_code == 401
    page.get_by_role("button", name="Disable").click()
    confirm(page, "Disable now")
    expect(page.get_by_role("region", name="Access")).to_contain_text("Disabled")
    page.get_by_role("button", name="Let in again").click()
    confirm(page, "Let in")
    expect(page.get_by_role("region", name="Access")).to_contain_text("Active")


@pytest.mark.slow
def test_nobody_is_offered_to_change_or_disable_themselves(people, open_page):
    page = open_page("admin", path="/people")
    page.get_by_role("row").filter(has_text=people.ids["admin",]).get_by_role("link").click()
    expect(page.get_by_role("button", name="New key")).to_be_visible()
    assert page.get_by_role("button", name="Roles").count() == 0
    assert page.get_by_role("button", name="Disable").count() == 0
