"""Attributes: declared by who may, seen by everybody with what targets by them."""

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_an_attribute_is_declared_once_and_shows_what_targets_by_it(here, open_page, confirm):
    here.bootstrap(1)
    name = f"region {here.model}"
    page = open_page("release_manager", path="/attributes")
    page.get_by_role("button", name="Declare an attribute").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("targeting_key")
    dialog.get_by_role("button", name="Declare").click()
    expect(dialog.get_by_role("alert")).to_contain_text("attributes.targeting_key")
    confirm(page, "Declare", Name=name)
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("string")
    expect(row).to_contain_text("no open release")
    page.get_by_role("button", name="Declare an attribute").click()
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Type").select_option("number")
    dialog.get_by_role("button", name="Declare").click()
    expect(dialog.get_by_role("alert")).to_contain_text("is declared as string")
    dialog.get_by_role("button", name="Cancel").click()
    release = here.started(2, condition={"$or": [{name: "north"}, {"$not": {name: "south"}}]})
    link = row.get_by_role("link", name=here.model)
    expect(link).to_have_attribute("href", f"/console/releases/{release['id']}")
    reader = open_page("viewer", path="/attributes")
    expect(reader.get_by_role("row").filter(has_text=name)).to_have_count(1)
    expect(reader.locator("#main").get_by_role("button")).to_have_count(0)
