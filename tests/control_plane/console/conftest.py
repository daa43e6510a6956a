"""A real Chromium before a real control plane; persons sign in as persons do, once a session."""

import asyncio
import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    expect,
    sync_playwright,
)

from control_plane.config import Settings
from control_plane.db import Database
from control_plane.people import cookies, sessions
from control_plane.people.service import get_person
from control_plane.principal import Source

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
PATIENT_MS = 45_000
"""What should take milliseconds may take this long on a machine that is busy otherwise."""
_numbers = itertools.count(1)
expect.set_options(timeout=PATIENT_MS)


@dataclass
class Visit:
    """What pages asked for and complained about."""

    hosts: set[str] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("request", self._note)
        page.on("websocket", lambda socket: self.hosts.add(urlsplit(socket.url).netloc))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    def _note(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss"):
            self.hosts.add(parts.netloc)

    def _hear(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)


@dataclass
class Driver:
    """Playwright's synchronous half runs an event loop of its own, and leaves it marked as the
    running one between its calls: every test with a loop of its own would fail after it. So
    it is marked only while a test of the console runs."""

    loop: asyncio.AbstractEventLoop | None = None

    @contextmanager
    def running(self) -> Iterator[None]:
        before = asyncio._get_running_loop()
        asyncio._set_running_loop(self.loop)
        try:
            yield
        finally:
            asyncio._set_running_loop(before)


@dataclass
class People:
    """Persons and their browsers. Their sessions begin without the pages for it, which have a
    test of their own and whose passwords take a tenth of a second of work a digest."""

    plane: Any
    browser: Browser
    driver: Driver
    ids: dict[tuple[str, ...], str] = field(default_factory=dict)
    _contexts: dict[tuple[str, ...], BrowserContext] = field(default_factory=dict)

    def context(self, *roles: str) -> BrowserContext:
        """The browser of somebody with these roles, one for all tests: what it has loaded stays."""
        if roles not in self._contexts:
            with self.driver.running():
                self.ids[roles], self._contexts[roles] = self.newcomer(*roles)
        return self._contexts[roles]

    def newcomer(self, *roles: str, **options: Any) -> tuple[str, BrowserContext]:
        """Somebody new with a browser of their own."""
        person = f"{roles[0].replace('_', '-')}.{next(_numbers)}"
        body = {"id": person, "name": person.title(), "roles": list(roles)}
        assert self.plane.admin.post("/api/v1/people", json=body).status_code == 201
        context = self.browser.new_context(**options)
        context.set_default_timeout(PATIENT_MS)
        self.sign_in(person, context)
        return person, context

    def sign_in(self, person: str, context: BrowserContext) -> None:
        """Begin a session with the service that sign-in ends in, and give its cookie."""
        database = Database(
            Settings(home=self.plane.home, database_url=self.plane.database_url).database
        )
        try:
            with database.write() as session:
                signed_in = sessions.begin(
                    session,
                    get_person(session, person),
                    "password",
                    sessions.Lifetime(idle_s=3600, at_most_s=3600),
                    Source(),
                )
        finally:
            database.dispose()
        cookie = {"name": cookies.SESSION, "value": signed_in.token, "url": self.plane.url}
        context.add_cookies([cookie | {"httpOnly": True, "sameSite": "Strict"}])


@pytest.fixture(scope="session")
def driver() -> Driver:
    return Driver()


@pytest.fixture(scope="session")
def browser(driver: Driver) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        driver.loop = asyncio.get_running_loop()
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        asyncio._set_running_loop(None)
        yield browser
        asyncio._set_running_loop(driver.loop)
        browser.close()
    driver.loop = None


@pytest.fixture
def at_work(driver: Driver, browser: Browser) -> Iterator[None]:
    with driver.running():
        yield


@pytest.fixture(scope="session")
def console(
    tmp_path_factory: pytest.TempPathFactory, make_plane: Callable[[Path], Any]
) -> Iterator[Any]:
    """A control plane of these tests alone: their pages show their models only."""
    plane = make_plane(tmp_path_factory.mktemp("console") / "home")
    try:
        plane.settings["SIGNALBOX_CONSOLE"] = "true"
        plane.start()
        yield plane
    finally:
        plane.close()


@pytest.fixture(scope="session")
def people(console: Any, browser: Browser, driver: Driver) -> People:
    return People(console, browser, driver)


@pytest.fixture
def visit(console: Any, at_work: None) -> Iterator[Visit]:
    """Fails a test whose pages spoke to another host, or complained."""
    visit = Visit()
    yield visit
    assert visit.hosts <= {urlsplit(console.url).netloc}
    assert visit.complaints == []


@pytest.fixture
def open_page(console: Any, people: People, visit: Visit) -> Iterator[Callable[..., Page]]:
    """Opens a path of the console as somebody with these roles, in their own browser."""
    pages = []

    def open_as(*roles: str, path: str = "/", context: BrowserContext | None = None) -> Page:
        page = (context or people.context(*roles)).new_page()
        pages.append(page)
        visit.watch(page)
        page.goto(f"{console.url}/console{path}")
        page.locator("#main h1").wait_for(state="attached")
        return page

    yield open_as
    for page in pages:
        page.close()


@pytest.fixture
def here(console: Any, open_shop: Callable[[Any], Any]) -> Any:
    """A model of its own, with people who look after it by API."""
    return open_shop(console)


@pytest.fixture
def confirm() -> Callable[..., None]:
    return confirm_dialog


def confirm_dialog(page: Page, button: str, reason: str = "", **fields: str) -> None:
    """Fill in the open question and answer it."""
    dialog = page.get_by_role("dialog")
    dialog.wait_for()
    for label, value in fields.items():
        dialog.get_by_label(label.replace("_", " ")).fill(value)
    if reason:
        dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_role("button", name=button, exact=True).click()
    dialog.wait_for(state="detached")


@pytest.fixture
def denials(console: Any) -> Callable[..., list[dict[str, Any]]]:
    """Denied events so far, by the person who was denied."""

    def denied(person: str) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        client: httpx.Client = console.admin
        while True:
            after = events[-1]["seq"] if events else 0
            query = {"after": after, "limit": 1000}
            found = client.get("/api/v1/register/events", params=query).json()
            if not found:
                break
            events += found
        return [e for e in events if e["outcome"] == "denied" and e["actor"]["id"] == person]

    return denied
