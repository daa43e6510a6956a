"""Callers' keys: made for what they are for, refused for what they must not be, revoked."""

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_a_caller_is_made_shown_once_and_revoked(here, open_page, confirm):
    here.bootstrap(1)
    name = f"checkout of {here.model}"
    page = open_page("admin", path="/callers")
    page.get_by_role("button", name="New caller").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_role("checkbox", name=here.model, exact=True).check()
    dialog.get_by_role("checkbox", name="browser: a publishable key").check()
    dialog.get_by_role("button", name="Make the key").click()
    expect(dialog.get_by_role("alert")).to_contain_text("scopes")
    dialog.get_by_role("checkbox", name="browser: a publishable key").uncheck()
    dialog.get_by_label("At most").fill("50")
    dialog.get_by_role("button", name="Make the key").click()
    shown = page.get_by_role("dialog", name="The new caller's key")
    key = shown.locator(".secret").inner_text()
    shown.get_by_role("button", name="I have it").click()
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("50 a second")
    expect(row).to_contain_text(key[:16])
    caller = key.split("_")[1]
    keys = here.plane.wait(
        lambda: here.plane.document("keys")["keys"].get(caller), "the published key"
    )
    assert keys["models"] == [here.model]
    row.get_by_role("button", name="Revoke").click()
    confirm(page, "Revoke now")
    expect(row).to_contain_text("Revoked")
    here.plane.wait(lambda: caller not in here.plane.document("keys")["keys"], "its end")
