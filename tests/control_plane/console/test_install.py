"""A control plane without its console says so."""

import dataclasses

import httpx
import pytest
from fastapi import FastAPI

from control_plane.config import Settings
from control_plane.console import install as module


@dataclasses.dataclass
class Parts:
    settings: Settings


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/releases/new"])
@pytest.mark.parametrize(
    ("console", "found", "text"),
    [(False, True, module.SWITCHED_OFF), (True, False, module.NOT_INSTALLED)],
)
async def test_without_the_console_its_place_says_why(monkeypatch, path, console, found, text):
    monkeypatch.setattr(module, "find_spec", lambda _: object() if found else None)
    app = FastAPI()
    module.install(app, Parts(Settings(console=console)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://control.plane") as client:
        answer = await client.get(path)
    assert (answer.status_code, answer.text) == (404, text)
    assert answer.headers["content-type"].startswith("text/plain")
