"""Puts the console together: NiceGUI under its path, the gate before it, pages inside it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import nicegui
from fastapi import FastAPI, Request
from nicegui import core, ui
from starlette.responses import FileResponse, Response

from control_plane.console import entry, pages, socket
from control_plane.console.changes import Changes
from control_plane.console.gate import Gate
from control_plane.console.sightings import Sightings
from control_plane.parts import Parts

FILES = Path(__file__).with_name("files")
RECONNECT_S = 30.0
"""A browser that lost its connection finds its page again for so long, dialogs and all."""
MARK = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>"
    "<rect width='16' height='16' rx='3' fill='#12312a'/>"
    "<path d='M2 11h12M5 11c4 0 3-6 6-6h3' fill='none' stroke='#f0e442' stroke-width='1.8'/></svg>"
)


def mount(app: FastAPI, parts: Parts, path: str) -> None:
    """Serve the console of this application. Once per process: NiceGUI is one per process."""
    changes = Changes(parts.database)
    sightings = Sightings(parts.database, parts.exposures)
    ui.run_with(
        app,
        mount_path=path,
        title="Signalbox",
        favicon=MARK,
        dark=None,
        language="en-GB",
        tailwind=False,
        binding_refresh_interval=None,
        reconnect_timeout=RECONNECT_S,
        # To compress half a megabyte takes the event loop a tenth of a second, in which no
        # gateway hears of anything: the proxy that ends TLS compresses.
        gzip_middleware_factory=None,
        show_welcome_message=False,
    )
    inner = nicegui.app
    inner.add_middleware(Gate, parts=parts, changes=changes, sightings=sightings)
    socket.guard(core.sio)
    pages.register()
    ui.add_head_html(_head(path), shared=True)
    for name in ("style.css", "page.js", "entry.js"):
        inner.add_route(f"/{name}", _file(name))
    for route, answer in entry.ROUTES.items():
        inner.add_route(route, answer)
    _run(changes)
    inner.on_shutdown(sightings.close)


def _run(changes: Changes) -> None:
    running: list[asyncio.Task[None]] = []
    nicegui.app.on_startup(lambda: running.append(asyncio.create_task(changes.run())))

    async def stop() -> None:
        for task in running:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    nicegui.app.on_shutdown(stop)


def _head(path: str) -> str:
    return f'<link rel="stylesheet" href="{path}/style.css"><script src="{path}/page.js"></script>'


def _file(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        return FileResponse(FILES / name, headers={"Cache-Control": "no-cache"})

    return answer
