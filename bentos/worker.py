"""One version, one process: ``python -m bentos.worker TAG --uds PATH --digest SHA256``.

The worker loads the bento named by TAG from BENTOML_HOME, refuses one whose bytes differ from
what was registered (exit code 3), instantiates its service once and listens only when that is
warm. ``/v2`` is the tensor lane, outside BentoML's middleware; everything else is BentoML's own
application, unchanged. It outlives whoever started it, and drains on SIGTERM.

The code that runs is the bento's own copy under its ``src``, never the checkout's: that copy is
what the digest pins.
"""

import argparse
import gc
import hmac
import importlib
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from bentos.contract.errors import ContractError
from bentos.contract.manifest import SHA256_HEX
from bentos.lane_protocol import LaneProtocol
from bentos.worker_socket import BACKLOG, WorkerSocket

if TYPE_CHECKING:
    from bentos.oip_app import OipApp, Receive, Scope, Send

EXIT_BAD_INPUT = 2
EXIT_OTHER_DIGEST = 3
LANE = "/v2"
# Longer than any client keeps an idle connection, so that only clients close them.
KEEP_ALIVE_SECONDS = 120
DRAIN_SECONDS = 20
# By name, as neither pydantic nor BentoML is imported yet.
REFUSALS = frozenset({"ValidationError", "InvalidArgument"})
# What every service pulls in: imported while bytecode caches still count, it starts a third sooner.
HEAVY = ("onnxruntime", "_bentoml_impl.server.app", "opentelemetry.instrumentation.asgi")

logger = logging.getLogger("signalbox.worker")


class DigestError(ContractError):
    """The bento in the store is not the one that was registered."""


class InputsStayOut(logging.Filter):
    """Keeps callers' inputs out of the log: BentoML logs every refusal, with values and trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut a refusal down to the fact; every other record passes as it is."""
        error = record.exc_info[1] if record.exc_info else None
        if type(error).__name__ in REFUSALS:
            record.exc_info = None
            record.msg, record.args = f"{record.getMessage()}: refused, bad input", None
        return True


class WorkerApp:
    """Sends ``/v2`` to the lane and everything else, lifespan included, to BentoML."""

    def __init__(self, bentoml_app: Any, lane: "OipApp") -> None:
        self._bentoml_app = bentoml_app
        self.lane = lane

    def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> Awaitable[None]:
        """Route one ASGI call."""
        if scope["type"] == "http" and scope["path"].startswith(LANE):
            return self.lane(scope, receive, send)
        answer: Awaitable[None] = self._bentoml_app(scope, receive, send)
        return answer


def load_service(tag: str, digest: str) -> Any:
    """Load a bento's service after checking its digest.

    Raises ContractError if there is no such bento, DigestError if its bytes differ.
    """
    import bentoml  # noqa: PLC0415 - after the environment is set
    from _bentoml_impl.loader import load  # noqa: PLC0415
    from bentoml.exceptions import BentoMLException  # noqa: PLC0415

    from bentos.bento_files import digest_of  # noqa: PLC0415

    try:
        bento = bentoml.bentos.get(tag)
    except BentoMLException as error:
        raise ContractError("TAG", "a bento in BENTOML_HOME", tag, str(error)) from error
    # The store also finds tags by prefix.
    if str(bento.tag) != tag:
        raise ContractError("TAG", "a bento's full tag", tag)
    found = digest_of(bento)
    if not hmac.compare_digest(found, digest):
        raise DigestError(f"digest of {tag}", digest, found, "The stored bento was changed.")
    _forget_checkout()
    return load(bento, standalone_load=True)


def _forget_checkout() -> None:
    """Make ``import bentos`` find the bento's own copy, compiled from the pinned source."""
    for name in HEAVY:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "bentos"]:
        del sys.modules[name]
    # Bytecode caches are outside the digest, so none may be read or left behind.
    sys.dont_write_bytecode = True
    sys.pycache_prefix = os.devnull


def build_app(service: Any) -> WorkerApp:
    """The worker's application; raises ContractError if the service mounts no lane."""
    from bentoml._internal.container import BentoMLContainer  # noqa: PLC0415
    from bentoml._internal.context import server_context  # noqa: PLC0415
    from bentoml._internal.server.metrics.prometheus import PrometheusClient  # noqa: PLC0415

    server_context.service_type = "entry_service"
    server_context.service_name = service.name
    server_context.service_routes = [api.route for api in service.apis.values()]
    server_context.bento_name = service.bento.tag.name
    server_context.bento_version = service.bento.tag.version
    # One process needs no directory of counters that siblings could wipe.
    BentoMLContainer.metrics_client.set(PrometheusClient(multiproc=False))
    for app, path, _ in service.mount_apps:
        if path == LANE:
            return WorkerApp(service.to_asgi(), app)
    raise ContractError(f"service of {service.bento.tag}", f"a lane mounted at {LANE}", "none")


def serve(app: WorkerApp, listening: WorkerSocket) -> None:
    """Serve until SIGTERM or SIGINT; the socket listens once the service is warm."""

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            try:
                await super().startup(sockets=sockets)
            except SystemExit as error:
                raise SystemExit("the service did not start") from error
            gc.collect()
            gc.freeze()
            listening.publish()
            logger.info("listening on %s", listening)

        async def shutdown(self, sockets: Any = None) -> None:
            listening.withdraw()
            await super().shutdown(sockets=sockets)

    config = uvicorn.Config(
        app,
        interface="asgi3",
        loop="uvloop",
        http=LaneProtocol.for_lane(app.lane),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    # uvicorn raises the signal that stopped it once more when it has drained.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    Server(config).run(sockets=[listening.sock])


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line; argparse itself exits with 2 for what it cannot read."""
    parser = argparse.ArgumentParser(prog="python -m bentos.worker", description=__doc__)
    parser.add_argument("tag", metavar="TAG", help="the bento's full tag")
    parser.add_argument("--digest", required=True, metavar="SHA256", help="as registered")
    parser.add_argument("--threads", type=int, default=1, help="of the ONNX session")
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--uds", type=Path, metavar="PATH", help="Unix socket to listen on")
    place.add_argument("--fd", type=int, metavar="N", help="inherited socket to listen on")
    place.add_argument("--port", type=int, help="TCP port to listen on, 0 for a free one")
    parser.add_argument("--host", default="127.0.0.1", help="with --port")
    options = parser.parse_args(arguments)
    if not SHA256_HEX.match(options.digest):
        raise ContractError("--digest", "64 hex digits", options.digest)
    if options.threads < 1:
        raise ContractError("--threads", "1 or more", options.threads)
    return options


def open_socket(options: argparse.Namespace) -> WorkerSocket:
    """The socket the options name, bound."""
    if options.uds is not None:
        return WorkerSocket.unix(options.uds)
    if options.fd is not None:
        return WorkerSocket.inherited(options.fd)
    return WorkerSocket.internet(options.host, options.port)


def prepare_environment(threads: int) -> None:
    """What must be set before BentoML and onnxruntime are imported."""
    os.environ["BENTOML_DO_NOT_TRACK"] = "true"
    os.environ["SIGNALBOX_ONNX_THREADS"] = str(threads)
    os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one worker; the exit code is 0 after a drain, 2 for bad input, 3 for another digest."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for handler in logging.getLogger().handlers:
        handler.addFilter(InputsStayOut())
    # One line per request costs more than the request.
    for noisy in ("uvicorn", "bentoml.access", "bentoml._internal"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    listening: WorkerSocket | None = None
    try:
        options = parse(arguments)
        prepare_environment(options.threads)
        listening = open_socket(options)
        serve(build_app(load_service(options.tag, options.digest)), listening)
    except ContractError as error:
        print(f"worker: {error}", file=sys.stderr)  # noqa: T201 - the one line a caller reads
        return EXIT_OTHER_DIGEST if isinstance(error, DigestError) else EXIT_BAD_INPUT
    finally:
        if listening is not None:
            listening.withdraw()
    return 0


if __name__ == "__main__":
    sys.exit(main())
