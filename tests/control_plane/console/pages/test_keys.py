"""Keys of persons and services: limited, rotated, revoked."""

import pytest
from playwright.sync_api import expect


def shown_key(page):
    """What the open dialog shows, once; closes it."""
    dialog = page.get_by_role("dialog", name="The new key")
    text = dialog.locator(".secret").inner_text()
    dialog.get_by_role("button", name="I have it").click()
    dialog.wait_for(state="detached")
    return text


@pytest.mark.slow
def test_a_services_key_is_made_and_rotated_with_both_good(console, open_page):
    page = open_page("admin", path="/keys")
    page.get_by_role("button", name="New key for a service").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Service").select_option("fleet")
    dialog.get_by_label("Name (optional)").fill("second fleet")
    dialog.get_by_role("button", name="Make the key").click()
    old = shown_key(page)
    row = page.get_by_role("row").filter(has_text=old[:16])
    expect(row).to_contain_text("second fleet")
    row.get_by_role("button", name="Rotate").click()
    dialog.get_by_label("The old key is good").select_option("3600")
    dialog.get_by_role("button", name="Make its successor").click()
    new = shown_key(page)
    assert old != new
    expect(row).to_contain_text("Rotated, still good")
    for key in (old, new):
        answer = console.client(key).post(
            "/fleet/v1/report", json={"fleet": "fleet-2", "versions": {}}
        )
        assert answer.status_code == 204
