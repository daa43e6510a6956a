"""Shopify apps: added, their secret rotated in two steps, changed by two people, removed."""

import pytest
from playwright.sync_api import expect

CLIENT = "fedcba9876543210fedcba9876543210"


@pytest.fixture
def public(here):
    here.bootstrap(1)
    set_visibility(here, "public")
    return here.model


def set_visibility(here, visibility):
    url = f"/api/v1/models/{here.model}/visibility"
    body = {"visibility": visibility, "reason": "test"}
    here.plane.person("compliance").put(url, json=body).raise_for_status()


@pytest.fixture
def app(here):
    """What gateways were told of the app."""
    found = lambda: here.plane.document("keys").get("shopify", {}).get(CLIENT, {})  # noqa: E731

    def told(**members):
        here.plane.wait(lambda: found().items() >= members.items(), f"{members} in force")

    yield told
    here.plane.admin.delete(f"/api/v1/shopify-apps/{CLIENT}")


@pytest.mark.slow
def test_an_app_is_added_rotated_and_removed(here, public, app, open_page, confirm):
    page = open_page("admin", path="/shopify-apps")
    page.get_by_role("button", name="New Shopify app").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Client id").fill(CLIENT)
    dialog.get_by_label("Domain").fill("https://Demo-Shop.myshopify.com")
    dialog.get_by_label("Where gateways read").fill("shpss_0123456789abcdef0123456789abcdef")
    dialog.get_by_role("button", name="Add it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("secrets[0]")
    dialog.get_by_label("Where gateways read").fill("file:one.secret")
    proxy = dialog.get_by_role("group", name="The app proxy reaches")
    proxy.get_by_role("checkbox", name=public, exact=True).check()
    confirm(page, "Add it", At_most="500")
    app(domain="demo-shop.myshopify.com", secrets=["file:one.secret"], rate=500)
    app(proxy_models=[public], checkout_models=[])
    row = page.get_by_role("row").filter(has_text=CLIENT)
    expect(row).to_contain_text("500 a second")
    row.get_by_role("button", name="Rotate").click()
    confirm(page, "Take both", The_new_secret="file:two.secret")
    expect(row).to_contain_text("Rotating")
    app(secrets=["file:two.secret", "file:one.secret"])
    row.get_by_role("button", name="End rotation").click()
    confirm(page, "Keep the new one alone")
    expect(row).not_to_contain_text("Rotating")
    app(secrets=["file:two.secret"], proxy_models=[public], rate=500)
    set_visibility(here, "server")
    expect(row).to_contain_text("closed: no longer public")
    row.get_by_role("button", name="Remove").click()
    confirm(page, "Close them")
    expect(row).to_have_count(0)
    here.plane.wait(lambda: CLIENT not in here.plane.document("keys").get("shopify", {}))


@pytest.mark.slow
def test_nobody_undoes_what_another_set_meanwhile(here, app, open_page, confirm):
    url, body = (
        f"/api/v1/shopify-apps/{CLIENT}",
        {"domain": "demo-shop.myshopify.com", "secrets": ["file:one.secret"]},
    )
    here.plane.admin.put(url, json=body).raise_for_status()
    page = open_page("admin", path="/shopify-apps")
    page.get_by_role("button", name=f"Change {CLIENT}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("At most").fill("7")
    rotated = body | {"secrets": ["file:two.secret", "file:one.secret"]}
    here.plane.admin.put(url, json=rotated).raise_for_status()
    dialog.get_by_role("button", name="Change it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else changed this meanwhile")
    expect(dialog).to_contain_text("reads file:two.secret and file:one.secret")
    assert here.plane.admin.get("/api/v1/shopify-apps").json()[0]["rate"] is None
    dialog.get_by_label("Where gateways read").fill("file:two.secret")
    confirm(page, "Change it")
    app(secrets=["file:two.secret"], rate=7)
    page.get_by_role("button", name="New Shopify app").click()
    dialog.get_by_label("Client id").fill(CLIENT)
    dialog.get_by_label("Domain").fill("other.myshopify.com")
    dialog.get_by_role("button", name="Add it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Change that one instead")
