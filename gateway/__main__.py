"""``python -m gateway``: the data plane, configured by SIGNALBOX_… variables alone.

This process is the parent; workers are ``python -m gateway.server`` (supervisor.py).
"""

import argparse
import asyncio
import os
import sys

from pydantic import ValidationError

from bentos.contract.errors import ContractError
from gateway import logging, worker_slot
from gateway.config import GatewayConfig
from gateway.exit_code import ExitCode
from gateway.listener import listen
from gateway.supervisor import Supervisor


def main() -> int:
    """Run the gateway; the exit code says what went wrong."""
    argparse.ArgumentParser(prog="python -m gateway", description=__doc__).parse_args()
    logging.configure()
    try:
        config = GatewayConfig()
    except ValidationError as error:
        for problem in error.errors():
            field = "_".join(map(str, problem["loc"])).upper()
            _complain(f"SIGNALBOX_{field}: {problem['msg']}, got {problem['input']!r}")
        return ExitCode.BAD_INPUT
    try:
        return asyncio.run(_run(config))
    except ContractError as error:
        _complain(str(error))
        return ExitCode.FAILURE
    except OSError as error:
        _complain(f"{config.gateway_host}:{config.gateway_port}: {error.strerror}")
        return ExitCode.FAILURE


async def _run(config: GatewayConfig) -> ExitCode:
    lock = worker_slot.clear(config.shared_path)
    listener = listen(config.gateway_host, config.gateway_port)
    host, port = listener.getsockname()[:2]
    _complain(f"gateway listens on http://{host}:{port}")
    try:
        return await Supervisor(config, listener).run()
    finally:
        listener.close()
        os.close(lock)


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
