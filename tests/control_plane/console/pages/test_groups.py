"""Groups before those who make them, and before those who only read."""

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_releases_are_bound_by_who_may_draft_and_nobody_else(console, open_shop, open_page):
    shops = [open_shop(console) for _ in range(2)]
    for shop in shops:
        shop.bootstrap(1)
        shop.draft(shop.register(2), shadow=False, reason=f"for {shop.model}")
    viewer = open_page("viewer", path="/groups")
    assert viewer.get_by_role("button", name="New group").count() == 0
    page = open_page("release_manager", path="/groups")
    page.get_by_role("button", name="New group").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("checkbox", name=f"{shops[0].model}: for").check()
    dialog.get_by_label("Reason").fill("price needs the score")
    dialog.get_by_role("button", name="Bind them").click()
    expect(dialog.get_by_role("alert")).to_contain_text("2 to 20 different releases")
    dialog.get_by_role("checkbox", name=f"{shops[1].model}: for").check()
    dialog.get_by_role("button", name="Bind them").click()
    page.get_by_role("heading", level=1, name="price needs the score").wait_for()
    row = viewer.get_by_role("row").filter(has_text="price needs the score")
    for shop in shops:
        expect(row).to_contain_text(shop.model)
