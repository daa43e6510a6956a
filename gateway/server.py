"""Processes of the gateway: one listening socket, opened once and inherited by every worker.

Closing one of several SO_REUSEPORT listeners would reset its queue, so there is only one.
"""

import asyncio
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import structlog
import uvicorn

from gateway.app import App
from gateway.config import GatewayConfig
from gateway.hot_protocol import HotProtocol

log = structlog.get_logger(__name__)

BACKLOG = 2048
KEEP_ALIVE_S = 75
DRAIN_S = 10
RESTART_FIRST_S = 0.2
RESTART_MAX_S = 10.0


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen(BACKLOG)
    listener.set_inheritable(True)
    return listener


def serve(config: GatewayConfig, listener: socket.socket, worker: int) -> None:
    """Serve as one worker until SIGTERM or SIGINT; in-flight requests are finished."""
    app = App(config, f"{config.gateway_id}.{worker}", secrets.token_hex(6))
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            loop="uvloop",
            http=HotProtocol.for_app(app),
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=DRAIN_S,
        )
    )
    # uvicorn drains, then raises the signal again for whoever was there before: us.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    server.run(sockets=[listener])
    if not server.started:
        raise SystemExit(1)


def _leave(*_: object) -> None:
    raise SystemExit(0)


async def supervise(config: GatewayConfig, listener: socket.socket) -> None:
    """Keep ``gateway_workers`` workers running until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with asyncio.TaskGroup() as workers:
        for worker in range(config.gateway_workers):
            workers.create_task(_keep_running(listener, worker, stopping))


async def _keep_running(listener: socket.socket, worker: int, stopping: asyncio.Event) -> None:
    delay = RESTART_FIRST_S
    loop = asyncio.get_running_loop()
    while not stopping.is_set():
        started = loop.time()
        process = _spawn(listener.fileno(), worker)
        died = asyncio.create_task(asyncio.to_thread(process.wait))
        stop = asyncio.create_task(stopping.wait())
        await asyncio.wait({died, stop}, return_when=asyncio.FIRST_COMPLETED)
        if stopping.is_set():
            process.terminate()
            await died
            return
        stop.cancel()
        log.error("worker_died", worker=worker, exit_code=process.returncode)
        delay = RESTART_FIRST_S if loop.time() - started > RESTART_MAX_S else delay * 2
        await asyncio.sleep(min(delay, RESTART_MAX_S))


def _spawn(descriptor: int, worker: int) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "gateway", "--fd", str(descriptor), "--worker", str(worker)]
    return subprocess.Popen(command, pass_fds=[descriptor], env=dict(os.environ))


def run(config: GatewayConfig, on_listening: Callable[[str], None]) -> None:
    """Open the socket and serve, in this process or in several."""
    listener = listen(config.gateway_host, config.gateway_port)
    host, port = listener.getsockname()[:2]
    on_listening(f"http://{host}:{port}")
    if config.gateway_workers == 1:
        serve(config, listener, 0)
    else:
        asyncio.run(supervise(config, listener))
