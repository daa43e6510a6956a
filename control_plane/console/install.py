"""Hangs the console into the control plane's application, or says why it is not there."""

import importlib
from importlib.util import find_spec

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse

from control_plane.parts import Parts

PATH = "/console"
NOT_INSTALLED = "The console is not installed here. Install it: pip install 'signalbox[console]'\n"
SWITCHED_OFF = "The console is switched off here (SIGNALBOX_CONSOLE=false).\n"


def install(app: FastAPI, parts: Parts) -> None:
    """Mount the pages. NiceGUI is imported here and by nobody who has no use for it."""
    if not parts.settings.console:
        _answer(app, SWITCHED_OFF)
    elif find_spec("nicegui") is None:
        _answer(app, NOT_INSTALLED)
    else:
        importlib.import_module("control_plane.console.site").mount(app, parts, PATH)


def _answer(app: FastAPI, text: str) -> None:
    async def absent(_: Request) -> PlainTextResponse:
        return PlainTextResponse(text, 404)

    app.add_route(PATH, absent)
    app.add_route(PATH + "/{rest:path}", absent)
