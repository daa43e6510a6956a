"""SDK keys: a public one sees no model that is server only."""

import httpx
import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_an_sdk_key_reads_its_models_until_it_is_revoked(here, open_page, confirm):
    here.bootstrap(1)
    name = f"theme of {here.model}"
    page = open_page("admin", path="/sdk-keys")
    page.get_by_role("button", name="New SDK key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("checkbox", name=f"{here.model},").check()
    dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is server-only")
    dialog.get_by_label("Kind").select_option("server")
    dialog.get_by_role("button", name="Make the key").click()
    shown = page.get_by_role("dialog", name="The new SDK key")
    key = shown.locator(".secret").inner_text()
    shown.get_by_role("button", name="I have it").click()
    address = f"{here.plane.url}/api/features/{key}"
    assert list(httpx.get(address).json()["features"]) == [f"model.{here.model}"]
    row = page.get_by_role("row").filter(has_text=name)
    row.get_by_role("button", name="Revoke").click()
    confirm(page, "Revoke now")
    expect(row).to_contain_text("Revoked")
    assert httpx.get(address).status_code == 400
