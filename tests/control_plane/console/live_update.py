"""``make bench-console``: from the API's answer to a change until open pages show it.

A real control plane, two browsers of two people side by side, one change after the other by API.
Each page notes when its DOM first has the new share, on the machine's clock; the time counts from
the moment the API's answer was read, so it is below zero where a page was faster than the answer.
The last line of stdout is the report as JSON; exit code 1 if any page took longer than a second.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.table import Table

from tests.control_plane.console.conftest import CHROMIUM, FLAGS, Driver, People
from tests.control_plane.plane import Plane
from tests.control_plane.shop import Shop

LONGEST_MS = 1000.0
PATIENCE_MS = 20_000
NAMES = ("author", "approver")
WATCH = """([model, share]) => {
  window.shownAt = null;
  const look = () => {
    const lanes = document.querySelector(`[aria-label="Who serves ${model}"]`);
    const shares = [...(lanes?.querySelectorAll(".share") ?? [])];
    if (!shares.some((each) => each.textContent.trim() === share)) return;
    window.shownAt = performance.timeOrigin + performance.now();
    observer.disconnect();
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def measure(
    shop: Any, release: dict[str, Any], pages: Sequence[Page], changes: int
) -> list[list[float]]:
    """Milliseconds from the API's answer until each page showed it, page by page."""
    took: list[list[float]] = [[] for _ in pages]
    for number in range(changes):
        weight = 0.1 + number / 1000
        share = f"{round(weight * 100, 2):g} %"
        for page in pages:
            page.evaluate(WATCH, [shop.model, share])
        shop.must(release, "ramp", weight=weight)
        answered = time.time() * 1000
        for page, times in zip(pages, took, strict=True):
            page.wait_for_function("window.shownAt !== null", timeout=PATIENCE_MS, polling=20)
            times.append(page.evaluate("window.shownAt") - answered)
    return took


def summary(times: Sequence[float]) -> dict[str, float]:
    """Milliseconds; p99 by nearest rank."""
    ordered = sorted(times)
    rank = min(len(ordered) - 1, -(-99 * len(ordered) // 100) - 1)
    found = {"median": statistics.median(ordered), "p99": ordered[rank], "max": ordered[-1]}
    return {name: round(value, 1) for name, value in found.items()}


def main() -> int:
    """Run it; returns the exit code."""
    parser = argparse.ArgumentParser(prog="bench-console", description=__doc__)
    parser.add_argument("--changes", type=int, default=100, help="how many, one after the other")
    parser.add_argument("--releases", type=int, default=1, help="open ones, each of its model")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browsers = [playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) for _ in NAMES]
        home = Path(folder) / "home"
        took = _run(home, browsers, options.changes, options.releases)
        for browser in browsers:
            browser.close()
    report = _report(took, load) | {"open_releases": options.releases}
    _show(report)
    print(json.dumps(report, separators=(",", ":")))
    return 0 if report["all"]["max"] <= LONGEST_MS else 1


def _run(home: Path, browsers: Sequence[Browser], changes: int, releases: int) -> list[list[float]]:
    plane = Plane(home, SIGNALBOX_CONSOLE="true")
    plane.initialise()
    try:
        plane.start()
        for _ in range(releases):
            shop = Shop(plane)
            shop.bootstrap(1)
            release = shop.started(2, shadow=False)
        pages = []
        for name, browser in zip(NAMES, browsers, strict=True):
            role = "release_manager" if name == "author" else "approver"
            driver = Driver(asyncio.get_event_loop_policy().get_event_loop())
            _, context = People(plane, browser, driver).newcomer(role)
            page = context.new_page()
            page.goto(f"{plane.url}/console/")
            page.get_by_label(f"Who serves {shop.model}").wait_for()
            pages.append(page)
        return measure(shop, release, pages, changes)
    finally:
        plane.close()


def _report(took: Sequence[Sequence[float]], load: float) -> dict[str, Any]:
    together = [each for times in took for each in times]
    return {
        "bench": "console",
        "changes": len(took[0]),
        "all": summary(together),
        **{name: summary(times) for name, times in zip(NAMES, took, strict=True)},
        "unit": "ms from the API's answer to the DOM change",
        "load_at_start": round(load, 2),
        "cores": os.cpu_count(),
    }


def _show(report: dict[str, Any]) -> None:
    table = Table(title=f"{report['changes']} changes, ms")
    for head in ("page of", "median", "p99", "max"):
        table.add_column(head, justify="left" if head == "page of" else "right")
    for name in (*NAMES, "all"):
        table.add_row(name, *(f"{report[name][each]:.0f}" for each in ("median", "p99", "max")))
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
