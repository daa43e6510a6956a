"""Takes the pictures of docs/images/console/ anew: ``make screenshots``.

Starts a control plane over a home of its own, fills it with the history of a shop through its
API, and photographs each page as the people it is for, at a desk's width and at a phone's.
"""

import asyncio
import shutil
import struct
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.control_plane.console.history import PASSWORD, Filler, fill
from tests.control_plane.plane import Plane

IMAGES = Path(__file__).parents[3] / "docs" / "images" / "console"
DESK, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
MOST_BYTES = 200_000
MOST_HEIGHT = 1000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@dataclass(frozen=True)
class Shot:
    """``press``: a button whose question is photographed with the page behind it."""

    name: str
    who: str
    path: str
    press: str = ""
    whole: bool = True


def shots(ids: dict[str, str]) -> tuple[Shot, ...]:
    return (
        Shot("releases", "ines.moreau", "/"),
        Shot("ramp", "ines.moreau", "/", "Ramp to 25 % fraud", whole=False),
        Shot("release", "ines.moreau", f"/releases/{ids['canary']}"),
        Shot(
            "approve", "tomas.lind", f"/releases/{ids['waiting']}", "Approve pricing", whole=False
        ),
        Shot("kill", "tomas.lind", "/", "Kill fraud", whole=False),
        Shot("new-release", "ines.moreau", "/releases/new"),
        Shot("version", "ines.moreau", f"/versions/{ids['fraud']}"),
        Shot("attributes", "ines.moreau", "/attributes"),
        Shot("audit", "kira.osei", "/audit?model=pricing"),
        Shot("freezes", "tomas.lind", "/freezes"),
        Shot("export", "kira.osei", "/export"),
        Shot("access-review", "kira.osei", "/access-review"),
        Shot("redactions", "kira.osei", "/redactions"),
        Shot("erasures", "kira.osei", "/erasures"),
        Shot("people", "admin", "/people"),
        Shot("person", "admin", "/people/jun.park"),
        Shot("callers", "admin", "/callers"),
        Shot("shopify-apps", "admin", "/shopify-apps"),
        Shot("me", "ines.moreau", "/me"),
    )


def main() -> None:
    """Everything, from an empty folder to the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        plane = Plane(
            Path(folder) / "home",
            SIGNALBOX_CONSOLE="true",
            SIGNALBOX_SHOP="nordwind-outdoor",
            SIGNALBOX_ENVIRONMENT="production",
        )
        # The settings are also those of the home that is made.
        plane.initialise()
        try:
            plane.start()
            filler = Filler(plane.url, plane.home)
            ids = fill(filler)
            filler.give_password("admin")
            with sync_playwright() as playwright:
                chromium = shutil.which("chromium")
                browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
                photograph(browser, plane.url, ids)
                browser.close()
        finally:
            asyncio._set_running_loop(None)
            plane.close()


def photograph(browser: Browser, url: str, ids: dict[str, str]) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    contexts: dict[str, BrowserContext] = {}
    for shot in shots(ids):
        if shot.who not in contexts:
            contexts[shot.who] = sign_in(browser, url, shot.who)
        for width, size in (("", DESK), ("-phone", PHONE)):
            page = contexts[shot.who].new_page()
            page.set_viewport_size(size)
            take(page, url, shot, IMAGES / f"{shot.name}{width}.png")
            page.close()


def sign_in(browser: Browser, url: str, who: str) -> BrowserContext:
    context = browser.new_context(color_scheme="light", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{url}/console/")
    page.get_by_label("Person").fill(who)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#main h1").wait_for()
    page.close()
    return context


def take(page: Page, url: str, shot: Shot, file: Path) -> None:
    page.goto(f"{url}/console{shot.path}")
    page.locator("#main h1").wait_for()
    if shot.press:
        page.get_by_role("button", name=shot.press, exact=True).click()
        page.get_by_role("dialog").wait_for()
    page.wait_for_timeout(500)
    height = page.evaluate("document.documentElement.scrollHeight")
    clip = {
        "x": 0,
        "y": 0,
        "width": page.viewport_size["width"],
        "height": min(height, MOST_HEIGHT),
    }
    page.screenshot(path=file, full_page=shot.whole, clip=clip if shot.whole else None)
    file.write_bytes(packed(file.read_bytes()))
    size = file.stat().st_size
    print(f"{file.name}: {size:,} bytes")
    assert size < MOST_BYTES, f"{file.name} is larger than {MOST_BYTES}"


def packed(png: bytes) -> bytes:
    """The same picture, deflated as small as it goes: browsers only do it fast (PNG §10)."""
    out, data, at = [png[:8]], b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IDAT":
            data += body
        elif kind == b"IEND":
            out += [chunk(b"IDAT", zlib.compress(zlib.decompress(data), 9)), chunk(kind, body)]
        else:
            out.append(chunk(kind, body))
        at += 12 + length
    return b"".join(out)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


if __name__ == "__main__":
    main()
