"""``python -m gateway``: the data plane, configured by SIGNALBOX_… variables alone."""

import argparse
import socket
import sys

from pydantic import ValidationError

from gateway import logging
from gateway.config import GatewayConfig
from gateway.server import run, serve

EXIT_BAD_INPUT = 2
EXIT_FAILURE = 1


def main() -> int:
    """Run the gateway; the exit code says what went wrong."""
    parser = argparse.ArgumentParser(prog="python -m gateway", description=__doc__)
    parser.add_argument("--fd", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--worker", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    logging.configure()
    try:
        config = GatewayConfig()
    except ValidationError as error:
        for problem in error.errors():
            field = "_".join(map(str, problem["loc"])).upper()
            _complain(f"SIGNALBOX_{field}: {problem['msg']}, got {problem['input']!r}")
        return EXIT_BAD_INPUT
    try:
        if arguments.fd is not None:
            serve(config, socket.socket(fileno=arguments.fd), arguments.worker)
        else:
            run(config, lambda url: _complain(f"gateway listens on {url}"))
    except OSError as error:
        _complain(f"{config.gateway_host}:{config.gateway_port}: {error.strerror}")
        return EXIT_FAILURE
    return 0


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
