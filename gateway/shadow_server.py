"""The shadow process: asks shadow versions what was answered, and takes little of the processor.

``python -m gateway.shadow_server INDEX LIFELINE SINK``: started by the parent only, once there is
a copy to take. Whatever becomes of it, no caller waits for it and no answer changes.
"""

import asyncio
import secrets
import signal
import socket
import sys

import uvloop

from gateway import logging
from gateway.app import settle_collector
from gateway.config import GatewayConfig
from gateway.exit_code import ExitCode
from gateway.niceness import take_little
from gateway.recovery import close_left_open
from gateway.shadow_serving import ShadowServing
from gateway.worker_process import SERVES


async def serve(lifeline: socket.socket, sink: socket.socket) -> None:
    """Ask until told to leave, or the parent is gone."""
    config = GatewayConfig()
    close_left_open(config.segments_path)
    gateway = f"{config.gateway_id}.shadow"
    serving = ShadowServing(config, gateway, secrets.token_hex(6), sink)
    leaving, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGUSR1):
        loop.add_signal_handler(number, leaving.set)
    lifeline.setblocking(False)
    loop.add_reader(lifeline.fileno(), leaving.set)
    await serving.start()
    settle_collector()
    take_little()
    lifeline.send(SERVES)
    await leaving.wait()
    await serving.stop()


def main(arguments: list[str]) -> ExitCode:
    """Run until the end; a defect ends it with a traceback, and the parent starts another."""
    logging.configure()
    # The parent hears Ctrl-C as well and says what is to be done.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _, lifeline, sink = map(int, arguments)
    uvloop.run(serve(socket.socket(fileno=lifeline), socket.socket(fileno=sink)))
    return ExitCode.OK


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
