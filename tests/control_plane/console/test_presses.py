"""A part of the page is drawn anew under the pointer: what was pressed still happens."""

import pytest
from playwright.sync_api import expect

from control_plane.console.presses import KEPT, Presses
from tests.control_plane.console.test_socket import FIND, SEND


@pytest.fixture
def canary(here):
    here.bootstrap(1)
    return here.started(2, shadow=False)


def redrawn(here, page, canary, weight):
    """The panel, with all its buttons, is drawn anew; the browser has shown it."""
    here.must(canary, "ramp", weight=weight)
    expect(page.get_by_label(f"Who serves {here.model}")).to_contain_text(f"{weight:.0%}"[:-1])


def test_a_click_that_arrives_late_presses_the_successor(here, canary, open_page):
    page = open_page("release_manager")
    old = page.evaluate(FIND, f"Pause {here.model}")
    redrawn(here, page, canary, 0.41)
    assert page.evaluate(FIND, f"Pause {here.model}")["id"] != old["id"]
    page.evaluate(SEND, old)
    expect(page.get_by_role("dialog")).to_contain_text("Pause")


def test_a_button_drawn_anew_between_press_and_release_is_pressed_once(here, canary, open_page):
    page = open_page("release_manager")
    button = page.get_by_role("button", name=f"Pause {here.model}", exact=True)
    button.scroll_into_view_if_needed()
    old = page.evaluate(FIND, f"Pause {here.model}")
    button.hover()
    page.mouse.down()
    redrawn(here, page, canary, 0.42)
    assert page.evaluate(FIND, f"Pause {here.model}")["id"] != old["id"]
    page.mouse.up()
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(page.get_by_role("dialog")).to_contain_text("Pause")


def test_who_draws_the_hand_away_presses_nothing(here, canary, open_page):
    page = open_page("release_manager")
    page.get_by_role("button", name=f"Pause {here.model}", exact=True).hover()
    page.mouse.down()
    redrawn(here, page, canary, 0.43)
    page.mouse.move(3, 3)
    page.mouse.up()
    page.evaluate(SEND, page.evaluate(FIND, f"Kill {here.model}"))
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(page.get_by_role("dialog")).to_contain_text("Kill")


def test_what_nobody_bears_any_more_is_not_pressed(here, canary, open_page):
    page = open_page("release_manager")
    old = page.evaluate(FIND, f"Pause {here.model}")
    kill = page.evaluate(FIND, f"Kill {here.model}")
    here.must(canary, "abort", reason="over")
    expect(page.get_by_role("button", name=f"Pause {here.model}")).to_have_count(0)
    page.evaluate(SEND, old)
    # What is sent after it is answered after it.
    page.evaluate(SEND, kill)
    expect(page.get_by_role("dialog")).to_have_count(1)
    expect(page.get_by_role("dialog")).to_contain_text("Kill")


class Bearer:
    """As much of an element as is asked."""

    is_deleted = False

    def __init__(self, number):
        self.id = number


async def test_a_long_open_page_forgets_the_oldest():
    async def act():
        pass

    presses = Presses()
    for number in range(KEPT + 10):
        presses.note(Bearer(number), f"key-{number}", act)
    assert len(presses._keys) == KEPT
    assert set(presses._bearers) == {f"key-{number}" for number in range(10, KEPT + 10)}
