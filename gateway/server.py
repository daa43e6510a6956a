"""One worker: uvicorn around the App on the inherited socket, and how it leaves.

Nobody may see a reset on a request that was sent. So a worker that leaves first stops
accepting, then answers on the connections it has with ``Connection: close``; a connection
that says nothing is closed only after it had the time to speak and be told.

SIGTERM   the whole gateway leaves: readiness goes down first, then a delay for whoever
          watches it, then as below
SIGUSR1   this worker is replaced and others serve on: readiness stays as it is
"""

import asyncio
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

import uvicorn

from gateway import logging
from gateway.app import App
from gateway.config import GatewayConfig
from gateway.exit_code import ExitCode
from gateway.hot_protocol import HotProtocol
from gateway.listener import BACKLOG
from gateway.worker_process import LEAVES, SERVES

KEEP_ALIVE_S = 75
# When the whole gateway leaves, a silent connection is not waited for any longer than this.
SILENT_S = 0.5
POLL_S = 0.05


class Server(uvicorn.Server):
    """uvicorn's server with a drain of its own."""

    def __init__(
        self, config: uvicorn.Config, app: App, settings: GatewayConfig, lifeline: socket.socket
    ) -> None:
        super().__init__(config)
        self._app = app
        self._settings = settings
        self._lifeline = lifeline
        self._replaced = False
        self.cut_off = False
        "Whether the drain timeout ended requests."

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept, then tell the parent so."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, self._replace)
        self._lifeline.setblocking(False)
        loop.add_reader(self._lifeline.fileno(), self._parent_is_gone)
        self._lifeline.send(SERVES)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 - uvicorn's
        """Leave; said twice it is still said once."""
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002
        """Drain: see the top of this file. The servers own the sockets and close them."""
        asyncio.get_running_loop().remove_reader(self._lifeline.fileno())
        if not self._replaced:
            self._app.drain()
            await asyncio.sleep(self._settings.gateway_drain_delay_s)
        for server in self.servers:
            server.close()
        with suppress(OSError):  # the parent may be gone
            self._lifeline.send(LEAVES)
        self._say_goodbye()
        await self._finish()
        await self.lifespan.shutdown()

    def _say_goodbye(self) -> None:
        """From now on every answer, on whichever way it leaves, is its connection's last."""
        state = self.server_state
        state.default_headers = [*state.default_headers, (b"connection", b"close")]
        for connection in state.connections:
            if isinstance(connection, HotProtocol):
                connection.leave_after_answer()

    async def _finish(self) -> None:
        """Wait for connections and requests, within the drain timeout."""
        state, bound_s = self.server_state, self._settings.gateway_drain_timeout_s
        silent_s = bound_s / 2 if self._replaced else min(SILENT_S, bound_s)
        started = asyncio.get_running_loop().time()
        await _wait_for(lambda: not state.connections, started + silent_s)
        for connection in list(state.connections):
            connection.shutdown()
        await _wait_for(lambda: not (state.connections or state.tasks), started + bound_s)
        self.cut_off = bool(state.connections or state.tasks)
        for task in list(state.tasks):
            task.cancel("the drain took too long")

    def _replace(self) -> None:
        self._replaced = True
        self.should_exit = True

    def _parent_is_gone(self) -> None:
        if self._lifeline.recv(1) == b"":
            self.should_exit = True


async def _wait_for(done: Callable[[], bool], until: float) -> None:
    """Until ``done``, or loop time ``until``; uvicorn keeps sets, not events."""
    now = asyncio.get_running_loop().time
    while not done() and now() < until:  # noqa: ASYNC110
        await asyncio.sleep(POLL_S)


def uvicorn_config(app: App) -> uvicorn.Config:
    """How uvicorn runs the App."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=HotProtocol.for_app(app),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
    )


def serve(
    worker: int,
    listener: socket.socket,
    lifeline: socket.socket,
    feed: socket.socket | None = None,
) -> ExitCode:
    """Serve as one worker until told to leave."""
    settings = GatewayConfig()
    app = App(settings, f"{settings.gateway_id}.{worker}", secrets.token_hex(6), feed)
    server = Server(uvicorn_config(app), app, settings, lifeline)
    # The parent hears Ctrl-C as well and says what is to be done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    server.run(sockets=[listener])
    if not server.started:
        return ExitCode.FAILURE
    return ExitCode.CUT_OFF if server.cut_off else ExitCode.OK


def main(arguments: list[str]) -> ExitCode:
    """``python -m gateway.server WORKER LIFELINE LISTENER FEED``: started by the parent only."""
    logging.configure()
    worker, *descriptors = map(int, arguments)
    lifeline, listener, feed = [socket.socket(fileno=each) for each in descriptors]
    return serve(worker, listener, lifeline, feed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
