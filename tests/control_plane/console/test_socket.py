"""Actions that no button offers: forged on the wire, or by somebody who was just shut out; and
pages the control plane no longer knows, as after its restart."""

import signal

import pytest
from playwright.sync_api import expect

# What NiceGUI's script keeps of a button: its element, and the listener of its click.
FIND = """label => {
  const id = Number(document.querySelector(`[aria-label="${label}"]`).id.slice(1));
  const element = mounted_app.elements[id];
  const click = element.events.find(each => each.type === "click");
  return { id, client_id: window.clientId, listener_id: click.listener_id };
}"""
SEND = "message => window.socket.emit('event', { ...message, args: [] })"

PATIENT_MS = 90_000
"""A browser may wait some seconds before it tries again."""


@pytest.fixture
def canary(here):
    here.bootstrap(1)
    return here.started(2, shadow=False)


def test_nobody_presses_a_button_of_somebody_else_s_page(here, canary, people, open_page, denials):
    manager = open_page("release_manager")
    button = manager.evaluate(FIND, f"Pause {here.model}")
    viewer = open_page("viewer")
    viewer.evaluate(SEND, button)
    me = people.ids["viewer",]
    found = here.plane.wait(lambda: denials(me), "the denial")
    assert found[-1]["action"] == "request:deny"
    assert found[-1]["reason"] == "the page was opened by another browser"
    assert manager.get_by_role("dialog").count() == 0


def test_a_person_who_is_shut_out_does_nothing_more(here, canary, people, open_page, denials):
    person, context = people.newcomer("release_manager")
    page = open_page(context=context)
    # As somebody would who does not want to leave: the page cannot send them away.
    page.evaluate("window.open = () => null")
    page.get_by_role("button", name=f"Pause {here.model}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("one last thing")
    assert here.plane.admin.delete(f"/api/v1/people/{person}").status_code == 200
    dialog.get_by_role("button", name="Pause", exact=True).click()
    found = here.plane.wait(lambda: denials(person), "the denial")
    assert found[-1]["reason"].startswith("the session is over")
    assert here.author.get(f"/api/v1/releases/{canary['id']}").json()["state"] == "canary"
    context.close()


@pytest.mark.slow
def test_an_open_page_of_a_session_that_ends_goes_to_the_sign_in(here, people, open_page):
    person, context = people.newcomer("viewer")
    page = open_page(context=context)
    here.plane.admin.delete(f"/api/v1/people/{person}")
    page.wait_for_url("**/console/sign-in?ended=1")
    expect(page.get_by_role("status")).to_contain_text("Your session is over")
    context.close()


@pytest.mark.slow
def test_a_role_that_is_taken_away_takes_its_buttons_along(here, canary, people, open_page):
    person, context = people.newcomer("release_manager")
    page = open_page(context=context)
    expect(page.get_by_role("button", name=f"Promote {here.model}")).to_be_visible()
    answer = here.plane.admin.patch(f"/api/v1/people/{person}", json={"roles": ["viewer"]})
    assert answer.status_code == 200
    expect(page.get_by_role("button", name=f"Promote {here.model}")).to_have_count(0)
    context.close()


def test_the_api_refuses_what_the_page_does_not_offer(here, canary, people, open_page, denials):
    page = open_page("viewer")
    answer = page.context.request.post(
        f"{here.plane.url}/api/v1/releases/{canary['id']}/promote",
        data={"reason": "by hand"},
        headers={"Origin": here.plane.url},
    )
    assert answer.status == 403
    assert denials(people.ids["viewer",])[-1]["action"] == "release:promote"


@pytest.fixture
def lost(here, people, at_work):
    """Three pages of somebody, two with a question open, one of them with something typed beside
    it, and a control plane that began anew."""
    here.bootstrap(1)
    here.started(2, shadow=False)
    _, context = people.newcomer("release_manager")
    pages = [context.new_page() for _ in range(3)]
    for page in pages:
        page.goto(f"{here.plane.url}/console/")
        page.locator("#main h1").wait_for(state="attached")
    _, busy, full = pages
    full.evaluate("document.getElementById('main').append(document.createElement('input'))")
    full.locator("#main > input").fill("mar")
    for page in (busy, full):
        page.get_by_role("button", name=f"Pause {here.model}").click()
        page.get_by_role("dialog").get_by_label("Reason").fill("the margin fell at noon")
    for page in pages:
        page.evaluate("window.untouched = true")
    here.plane.stop(signal.SIGKILL)
    here.plane.start()
    yield pages
    context.close()


@pytest.mark.slow
def test_an_idle_page_comes_back_by_itself_and_a_typed_one_when_let_go(here, lost):
    idle, busy, full = lost
    idle.wait_for_function("!window.untouched", timeout=PATIENT_MS)
    idle.get_by_role("button", name=f"Pause {here.model}").click()
    expect(idle.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    dialog = busy.get_by_role("dialog")
    expect(dialog.get_by_role("alert").first).to_contain_text(
        "nothing on this page", timeout=PATIENT_MS
    )
    expect(dialog.get_by_label("Reason")).to_have_value("the margin fell at noon")
    expect(dialog.get_by_role("button", name="Load anew")).to_be_visible()
    assert busy.evaluate("window.untouched")
    dialog.get_by_role("button", name="Cancel").click()
    busy.wait_for_function("!window.untouched")
    busy.get_by_role("button", name=f"Pause {here.model}").click()
    expect(busy.get_by_role("dialog").get_by_label("Reason")).to_be_focused()
    told = full.locator("#main").get_by_role("alert").filter(has_text="nothing on this page")
    full.get_by_role("dialog").get_by_role("button", name="Load anew").wait_for(timeout=PATIENT_MS)
    full.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(told).to_be_visible()
    assert full.evaluate("window.untouched")
    told.get_by_role("button", name="Load anew").click()
    full.wait_for_function("!window.untouched")
