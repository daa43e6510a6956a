"""Webhooks before an admin: subscribed, switched off with dead letters, sent again."""

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_a_webhook_is_subscribed_switched_off_and_its_dead_letter_sent_again(open_page, confirm):
    page = open_page("admin", path="/webhooks")
    page.get_by_role("button", name="New webhook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("pager")
    dialog.get_by_label("Address").fill("not an address")
    dialog.get_by_role("button", name="Subscribe").click()
    expect(dialog.get_by_role("alert")).to_contain_text("url")
    dialog.get_by_label("Address").fill("https://pager.invalid/hooks")
    dialog.get_by_role("button", name="Subscribe").click()
    shown = page.get_by_role("dialog", name="The webhook's secret")
    expect(shown.locator(".secret")).to_contain_text("whsec_")
    shown.get_by_role("button", name="I have it").click()
    row = page.get_by_role("region", name="Webhooks").get_by_role("row").filter(has_text="pager")
    expect(row).to_contain_text("release.*")
    page.get_by_role("button", name="Test pager").click()
    page.get_by_role("button", name="Switch off pager").click()
    confirm(page, "Switch off", "the pager moved")
    expect(row).to_contain_text("Disabled")
    dead = page.get_by_role("region", name="Dead letters").get_by_role("row")
    expect(dead.filter(has_text="webhook.test")).to_have_count(1)
    page.get_by_role("button", name="Switch on pager").click()
    page.get_by_role("button", name="Send again webhook.test").click()
    expect(page.get_by_role("region", name="Dead letters")).to_have_count(0)
