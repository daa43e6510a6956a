"""Auditors' questions and their answers."""

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_a_kill_is_a_change_without_approval_and_the_rest_is_not(here, open_page):
    stable = here.bootstrap(1)
    body = {"model": here.model, "version": stable, "reason": "a drill"}
    assert here.author.post("/api/v1/kills", json=body).status_code == 201
    here.plane.wait(lambda: here.model in here.plane.document("kill")["models"], "the kill")
    page = open_page("compliance", path="/questions")
    rows = page.get_by_role("row").filter(has_text=here.model)
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Emergency")
    page.get_by_role("link", name="Approvals older than the last edit").click()
    expect(page.locator("#main")).to_contain_text("No move forward in this time stood on")


@pytest.mark.slow
def test_who_could_publish_and_what_served_are_asked_for_a_moment(here, open_page):
    stable = here.bootstrap(1)
    page = open_page("compliance", path="/questions?what=entitled")
    expect(page.get_by_role("row").filter(has_text=here.author.person)).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=here.approver.person)).to_have_count(0)
    page.get_by_role("link", name="What served a model at a time").click()
    expect(page.locator("#main")).to_contain_text("Not asked yet")
    page.locator("select[name=model]").select_option(here.model)
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_role("table")).to_contain_text(stable)
    page.get_by_label("At (UTC)").fill("2020-01-01T00:00")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("#main")).to_contain_text("had no route")
    page.goto(page.url.partition("?")[0] + "?what=publishes&since=yesterday")
    expect(page.locator("#main")).to_contain_text("since: expected an RFC 3339 time")
