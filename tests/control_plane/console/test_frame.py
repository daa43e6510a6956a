"""Every page, for other eyes and hands, wide and narrow, light and dark."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.node_packages import install

FOLDER = Path(__file__).with_name("axe")
CHECK = Path(__file__).with_name("accessibility.js").read_text()
EVERYBODY = ("admin", "compliance", "release_manager", "approver")
PATHS = (
    *("/", "/groups", "/freezes", "/follow", "/reviews", "/releases/new"),
    *("/models", "/attributes"),
    *("/audit", "/audit/1", "/questions", "/questions?what=served", "/export", "/access-review"),
    *("/shop", "/redactions", "/erasures", "/retention"),
    *("/people", "/keys", "/callers", "/sdk-keys", "/shopify-apps", "/webhooks", "/me"),
)
NOT_A_VIEWERS = (
    *("/audit", "/audit/1", "/questions", "/export", "/access-review"),
    *(
        "/shop",
        "/redactions",
        "/erasures",
        "/retention",
        "/people",
        "/people/admin",
        "/keys",
        "/callers",
        "/sdk-keys",
        "/shopify-apps",
        "/webhooks",
    ),
)


@pytest.fixture
def everybody(people):
    """Somebody with all roles, who is shown every button there is."""
    return people.context(*EVERYBODY)


@pytest.fixture
def rows(here):
    """A line on pages that are empty by themselves: attributes, apps (one of them rotates its
    secret, and reaches a model that is no longer public)."""
    admin = here.plane.admin
    declared = {"country": "string", "new_customer": "boolean", "a" * 64: "number"}
    who = here.plane.person("release_manager")
    who.put("/api/v1/attributes", json=declared).raise_for_status()
    for number, secrets in enumerate((["file:one.secret"], ["file:new.secret", "file:old.secret"])):
        domain = f"a-shop-with-a-long-name-{number}.myshopify.com"
        app = {"domain": domain, "secrets": secrets, "rate": 500 * number or None}
        admin.put(f"/api/v1/shopify-apps/{number:032x}", json=app).raise_for_status()
    yield
    for number in range(2):
        admin.delete(f"/api/v1/shopify-apps/{number:032x}").raise_for_status()


@pytest.fixture
def paths(here, rows):
    here.bootstrap(1)
    release = here.started(2, shadow=False, condition={"country": "NO"})
    version = release["candidate"]
    return (*PATHS, f"/releases/{release['id']}", f"/models/{here.model}", f"/versions/{version}")


def test_a_page_with_everything_on_it_is_fit_for_everybody(paths, everybody, open_page):
    page = open_page(context=everybody, path=paths[-3])
    page.set_viewport_size({"width": 360, "height": 800})
    assert page.evaluate(CHECK) == []
    page.get_by_role("button", name="Ramp").click()
    expect(page.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    assert page.evaluate(CHECK) == []


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_fit_for_everybody(paths, everybody, open_page, width, scheme):
    page = open_page(context=everybody)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    found = {}
    for path in paths:
        page.goto(page.url.partition("/console")[0] + "/console" + path)
        page.locator("#main h1").wait_for(state="attached")
        page.wait_for_timeout(100)
        complaints = page.evaluate(CHECK)
        if complaints:
            found[path] = complaints
    assert found == {}


AXE = """async (standards) => {
  const found = await axe.run(document, { runOnly: standards });
  return found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target)}`);
}"""
STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.mark.slow
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing_wrong_with_any_page(paths, everybody, open_page, width, scheme):
    axe = (install(FOLDER) / "axe-core" / "axe.min.js").read_text()
    page = open_page(context=everybody)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    found = {}
    for path in paths:
        page.goto(page.url.partition("/console")[0] + "/console" + path)
        page.locator("#main h1").wait_for(state="attached")
        page.wait_for_timeout(100)
        page.evaluate(axe)
        violations = page.evaluate(AXE, STANDARDS)
        if violations:
            found[path] = violations
    assert found == {}


@pytest.mark.slow
def test_one_tab_leads_past_the_bar(everybody, open_page):
    page = open_page(context=everybody)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the page")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


@pytest.mark.slow
def test_places_are_those_one_may_go_to(open_page):
    for role, places in (
        ("viewer", ["Releases", "Models"]),
        ("compliance", ["Releases", "Models", "Audit", "Privacy"]),
        ("admin", ["Releases", "Models", "Audit", "Privacy", "Access"]),
    ):
        page = open_page(role)
        bar = page.get_by_role("navigation", name="Places")
        assert bar.get_by_role("link").all_inner_texts() == places


@pytest.mark.slow
def test_a_place_leads_to_the_first_room_that_one_may_enter(open_page):
    page = open_page("admin")
    page.get_by_role("link", name="Privacy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Law requests")
    private = page.get_by_role("navigation", name="In Privacy").get_by_role("link")
    # Erasure, between them, takes a permission that an admin has not.
    expect(private).to_have_text(["Law requests", "Retention", "Shop"])
    page.get_by_role("link", name="Models", exact=True).click()
    models = page.get_by_role("navigation", name="In Models").get_by_role("link")
    expect(models).to_have_text(["Models", "Attributes"])
    page.get_by_role("link", name="Access", exact=True).click()
    rooms = page.get_by_role("navigation", name="In Access").get_by_role("link")
    names = ["People", "API keys", "Callers", "SDK keys", "Shopify apps", "Webhooks"]
    expect(rooms).to_have_text(names)
    expect(rooms.first).to_have_attribute("aria-current", "page")


@pytest.mark.slow
@pytest.mark.parametrize("path", NOT_A_VIEWERS)
def test_a_page_that_is_not_theirs_says_whose_it_is(open_page, path):
    page = open_page("viewer", path=path)
    expect(page.locator("#main")).to_contain_text("Not yours to see")
    assert page.get_by_role("table").count() == 0
