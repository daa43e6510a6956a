"""Several models in one publish: bound, judged and moved together by two people."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def pair(console, open_shop):
    """Two models with a group of their releases, in draft."""
    shops = [open_shop(console) for _ in range(2)]
    members = []
    for shop in shops:
        shop.bootstrap(1)
        version = shop.register(2)
        shop.report(version)
        members.append(shop.draft(version, shadow=False, steps=[0.1, 0.5])["id"])
    body = {"members": members, "reason": "they belong together"}
    group = shops[0].author.post("/api/v1/release-groups", json=body)
    assert group.status_code == 201, group.text
    return shops, group.json()


@pytest.mark.slow
def test_a_group_goes_from_draft_to_promoted_in_single_publishes(pair, open_page, confirm):
    shops, group = pair
    author = open_page("release_manager", path=f"/groups/{group['id']}")
    author.get_by_role("button", name="Submit for review the group").click()
    confirm(author, "Submit", "please look at both")
    approver = open_page("approver", path=f"/groups/{group['id']}")
    approver.get_by_role("button", name="Approve the group").click()
    confirm(approver, "Approve", "read both")
    author.get_by_role("button", name="Start the group").click()
    confirm(author, "Start", "go")
    for shop in shops:
        for page in (author, approver):
            lanes = page.get_by_label(f"Who serves {shop.model}")
            expect(lanes).to_contain_text("90 %")
    author.get_by_role("button", name="Ramp to 50 % the group").click()
    dialog = author.get_by_role("dialog")
    for shop in shops:
        expect(dialog.get_by_role("status")).to_contain_text(shop.model)
    dialog.get_by_label("Share of visitors").fill("30")
    expect(dialog.get_by_role("status")).to_contain_text("10 % → 30 %")
    before = shops[0].plane.document("routes")
    confirm(author, "Ramp", "both hold")
    for shop in shops:
        expect(approver.get_by_label(f"Who serves {shop.model}")).to_contain_text("30 %")
    assert before != shops[0].plane.document("routes")
    author.get_by_role("button", name="Promote the group").click()
    confirm(author, "Promote", "they won")
    for shop in shops:
        assert shop.model_state()["stable"].endswith("2")


@pytest.mark.slow
def test_a_group_is_rolled_back_by_one_click_and_a_member_by_itself(pair, open_page, confirm):
    shops, group = pair
    told = {"reason": "test"}
    address = f"/api/v1/release-groups/{group['id']}"
    assert shops[0].author.post(f"{address}/submit", json=told).status_code == 200
    revision = shops[0].author.get(address).json()["revision"]
    body = {**told, "expected_revision": revision}
    assert shops[0].approver.post(f"{address}/approve", json=body).status_code == 200
    assert shops[0].author.post(f"{address}/start", json=told).status_code == 200
    first = group["releases"][0]
    member = open_page("release_manager", path=f"/releases/{first['id']}")
    expect(member.get_by_role("link", name="Its group")).to_be_visible()
    assert member.get_by_role("button", name="Ramp").count() == 0
    member.get_by_role("button", name="Pause").click()
    confirm(member, "Pause", "look at this one")
    page = open_page("compliance", path=f"/groups/{group['id']}")
    page.get_by_role("button", name="Roll back the group").click()
    confirm(page, "Roll back now", "margin fell")
    for shop in shops:
        expect(page.get_by_label(f"Who serves {shop.model}")).to_contain_text("100 %")
        assert shop.model_state()["release"] is None


@pytest.mark.slow
def test_members_are_changed_and_a_group_is_dissolved(pair, open_page, confirm):
    shops, group = pair
    page = open_page("release_manager", path=f"/groups/{group['id']}")
    page.get_by_role("button", name="Members").click()
    dialog = page.get_by_role("dialog")
    # Drafts of other tests may stand above its own.
    mine = dialog.get_by_role("checkbox", name=f"{shops[0].model}:")
    expect(mine).to_be_checked()
    mine.uncheck()
    dialog.get_by_label("Reason").fill("one is enough")
    dialog.get_by_role("button", name="Keep", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("2 to 20 different releases")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Dissolve").click()
    dialog.get_by_label("Reason").fill("each by itself")
    dialog.get_by_role("button", name="Dissolve", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Groups")
    page.goto(page.url.partition("/groups")[0] + f"/groups/{group['id']}")
    expect(page.get_by_role("heading", level=1)).to_have_text("No such group")
