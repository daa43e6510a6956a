"""Signing in as a person does, for the first time and again."""

import time
from contextlib import suppress

import pytest
from playwright.sync_api import Error, expect

PASSWORD = "correct horse battery signal"


def test_first_sign_in_with_the_one_time_password_then_with_ones_own(console, browser, visit):
    console.admin.post(
        "/api/v1/people", json={"id": "first.timer", "name": "First Timer", "roles": ["viewer"]}
    )
    once = console.admin.post("/api/v1/people/first.timer/password").json()["password"]
    page = browser.new_context().new_page()
    visit.watch(page)
    page.goto(f"{console.url}/console/models")
    page.get_by_label("Person").fill("first.timer")
    page.get_by_label("Password").fill(once)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{console.url}/console/password")
    page.get_by_label("Present or one-time password").fill(once)
    page.get_by_label("New password", exact=True).fill(PASSWORD)
    page.get_by_label("New password again").fill(PASSWORD + "s")
    page.get_by_role("button", name="Keep this password").click()
    expect(page.get_by_role("alert")).to_have_text("The two new passwords differ.")
    page.get_by_label("New password again").fill(PASSWORD)
    page.get_by_role("button", name="Keep this password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Releases")
    expect(page.locator(".me")).to_contain_text("First Timer")
    page.route("**/api/v1/session", answer_late)
    page.get_by_role("button", name="Sign out").click()
    # Not told that the session is over, as an open page is whose session somebody else ends.
    expect(page).to_have_url(f"{console.url}/console/sign-in")
    page.goto(f"{console.url}/console/models")
    page.get_by_label("Person").fill("first.timer")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    page.context.close()


def answer_late(route):
    """The change is made, and its pages have heard of it, long before whoever asked for it."""
    answer = route.fetch()
    time.sleep(0.5)
    with suppress(Error):
        route.fulfill(response=answer)


@pytest.mark.slow
def test_who_is_signed_in_is_let_through_the_sign_in_page_to_the_console_alone(
    console, people, open_page
):
    page = open_page("viewer")
    for wanted in ("/models", "//shop.example/", "/\\shop.example", "https://shop.example/"):
        page.goto(f"{console.url}/console/sign-in?next={wanted}")
        page.locator("#main h1").wait_for()
        assert page.url.startswith(f"{console.url}/console/")
