"""An app's address for webhooks, as tests need it: answers as told and keeps what came."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from aiohttp import web


class Receiver:
    """What arrived, oldest first. ``status`` is what it answers, ``delay_s`` how late."""

    def __init__(self) -> None:
        self.status = 200
        self.delay_s = 0.0
        self.arrived: list[tuple[dict[str, str], bytes]] = []
        self.addresses: list[str] = []
        self.uri = ""

    async def answer(self, request: web.Request) -> web.Response:
        """Keep a request and answer it."""
        self.arrived.append((dict(request.headers), await request.read()))
        self.addresses.append(str(request.rel_url))
        await asyncio.sleep(self.delay_s)
        return web.Response(status=self.status, headers={"Set-Cookie": "a=b", "X-App": "here"})

    @property
    def ids(self) -> list[str]:
        """The webhook ids in the order of their arrival."""
        return [headers["X-Shopify-Webhook-Id"] for headers, _ in self.arrived]

    @classmethod
    @asynccontextmanager
    async def listening(cls) -> AsyncIterator[Self]:
        """One on a free port of this machine."""
        receiver = cls()
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", receiver.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        host, port = runner.addresses[0]
        receiver.uri = f"http://{host}:{port}/webhooks"
        yield receiver
        await runner.cleanup()
