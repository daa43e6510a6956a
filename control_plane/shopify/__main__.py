"""``python -m control_plane.shopify``: takes Shopify's webhooks until SIGTERM."""

import asyncio
import fcntl
import sys
from pathlib import Path
from types import FrameType
from typing import IO

import structlog
import uvicorn
from pydantic import ValidationError

from bentos.contract.errors import ContractError
from control_plane.json_log import configure_logging
from control_plane.listener import BACKLOG, bind
from control_plane.shopify.ingress import Ingress
from control_plane.shopify.settings import IngressSettings

FAILED = 1
BAD_INPUT = 2
GRACE_SECONDS = 5
# The writer's thread and the one that answers take turns; with Python's 5 ms that adds up.
SWITCH_SECONDS = 0.0005
MAX_CONNECTIONS = 2000
log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """Says at once that it is switched off to whoever is still sending."""

    def __init__(self, config: uvicorn.Config, ingress: Ingress) -> None:
        super().__init__(config)
        self._ingress = ingress

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called on SIGINT and SIGTERM, in the loop's thread, between any two of its steps."""
        super().handle_exit(sig, frame)
        asyncio.get_running_loop().call_soon_threadsafe(self._ingress.app.switch_off)


def main() -> int:
    """Serve until a signal; 1 when it cannot start, 2 when the home or a setting is wrong."""
    configure_logging()
    try:
        settings = IngressSettings()
        with _single(settings.folder / "lock"):
            return _serve(settings)
    except (ContractError, ValidationError) as error:
        sys.stderr.write(f"signalbox ingress: {error}\n")
        return BAD_INPUT
    except OSError as error:
        sys.stderr.write(f"signalbox ingress: {error}\n")
        return FAILED


def _serve(settings: IngressSettings) -> int:
    listener = bind(settings.ingress_host, settings.ingress_port)
    ingress = Ingress(settings)
    config = uvicorn.Config(
        ingress.app,
        access_log=False,
        log_level="warning",
        lifespan="off",
        backlog=BACKLOG,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    server = Server(config, ingress)
    sys.setswitchinterval(SWITCH_SECONDS)
    ingress.start()
    try:
        host, port = listener.getsockname()[:2]
        log.info("ingress listens", url=f"http://{host}:{port}")
        server.run(sockets=[listener])
    except KeyboardInterrupt:
        pass
    finally:
        ingress.stop()
    return 0 if server.started else FAILED


def _single(path: Path) -> IO[str]:
    """Hold the lock file as long as it is open: the inbox has one writer."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise ContractError(str(path), "no other ingress on this home", "one running") from error
    return file


if __name__ == "__main__":
    sys.exit(main())
