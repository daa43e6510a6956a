"""A page before somebody who has no mouse."""

from playwright.sync_api import Page


def tab_to(page: Page, name: str) -> None:
    """From the top with Tab alone, until the focus is there and can be seen."""
    # Once around the page, however much is on it.
    for _ in range(1 + page.locator("a[href], button, input, select, textarea, summary").count()):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('aria-label')") == name:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline == "solid"
            return
    raise AssertionError(f"no Tab leads to {name}")
