"""A kill's review is answered by somebody else."""

import pytest
from playwright.sync_api import expect


@pytest.mark.slow
def test_a_review_waits_for_somebody_else_and_is_answered(here, people, open_page, confirm):
    stable = here.bootstrap(1)
    killer = open_page("approver")
    killer.get_by_role("button", name=f"Kill {here.model}", exact=True).click()
    confirm(killer, "Kill now", "scores are all zero")
    killer.goto(killer.url.rstrip("/") + "/reviews")
    waiting = killer.get_by_role("region", name="Waiting").get_by_role("row")
    expect(waiting.filter(has_text=here.model)).to_contain_text("scores are all zero")
    label = f"Review the kill of {here.model}"
    assert killer.get_by_role("button", name=label).count() == 0
    page = open_page("compliance", path="/reviews")
    page.get_by_role("button", name=label).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What did you find?").select_option("follow_up")
    dialog.get_by_label("Notes").fill("the alarm should have come sooner")
    dialog.get_by_role("button", name="Answer").click()
    answered = killer.get_by_role("region", name="Answered").get_by_role("row")
    row = answered.filter(has_text=here.model)
    expect(row).to_contain_text("the alarm should have come sooner")
    expect(row).to_contain_text(people.ids["compliance",])
    expect(row).to_contain_text(stable.partition(":")[2])
