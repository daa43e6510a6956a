"""A gateway worker whose decision log keeps nothing: a benchmark can say what the log costs.

Not a way to run the product: nothing it answers is on record. ``python -m
load_tests.gateway_without_log`` takes the gateway's settings; one worker, no parent.
"""

import socket
import sys
from typing import Any

from gateway import logging
from gateway.config import GatewayConfig
from gateway.decision_log import DecisionLog
from gateway.listener import listen
from gateway.server import serve


async def forget(log: DecisionLog, *_: Any) -> bool:
    """In place of ``DecisionLog.write``: says that it wrote."""
    log.written += 1
    return True


def main() -> int:
    """Serve until told to leave; the exit code."""
    logging.configure()
    setattr(DecisionLog, "write", forget)  # noqa: B010 - a method, on purpose
    config = GatewayConfig()
    lifeline, theirs = socket.socketpair()
    with lifeline, listen(config.gateway_host, config.gateway_port) as listener:
        return serve(0, listener, theirs)


if __name__ == "__main__":
    sys.exit(main())
