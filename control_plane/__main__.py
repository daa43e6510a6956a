"""``python -m control_plane``: migrate the database, then serve."""

import signal
import socket
import sys
from types import FrameType

import structlog
import uvicorn
from pydantic import ValidationError

from bentos.contract.errors import ContractError
from control_plane.app import create_app
from control_plane.approvals.policy import settle_policy
from control_plane.audit import register_key
from control_plane.backup.upgrading import upgrade_safely
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.errors import ConflictError, UnavailableError
from control_plane.in_use import holding
from control_plane.json_log import configure_logging
from control_plane.key_files import make_signing_key
from control_plane.listener import BACKLOG, bind
from control_plane.parts import Parts
from control_plane.principal import system
from control_plane.publish.archive import installation
from control_plane.webhooks import seal
from control_plane.webhooks.secrets import reseal

log = structlog.get_logger(__name__)
FAILED = 1
BAD_INPUT = 2
GRACE_SECONDS = 3
# A thread that came back from the database waits at most this long for those that compute: the
# publisher comes back some twenty times in a pass, and with Python's 5 ms that adds up.
SWITCH_SECONDS = 0.0005


class Server(uvicorn.Server):
    """Ends the endless streams first: uvicorn waits for open connections to finish."""

    def __init__(self, config: uvicorn.Config, parts: Parts) -> None:
        super().__init__(config)
        self._parts = parts

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where it listens: with port 0 nobody knows before."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                host, port = listening.getsockname()[:2]
                log.info("control plane listens", url=f"http://{host}:{port}")

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called on SIGINT and SIGTERM, in the loop's thread."""
        super().handle_exit(sig, frame)
        self._parts.feed.close()


def main() -> int:
    """Serve until a signal; 1 when it cannot start, 2 when the home or a setting is wrong."""
    configure_logging()
    try:
        settings = Settings()
        _check_home(settings)
        with holding(settings.home):
            return _serve(settings)
    except (ContractError, ValidationError) as error:
        sys.stderr.write(f"signalbox: {error}\n")
        return BAD_INPUT
    except (ConflictError, UnavailableError, OSError) as error:
        sys.stderr.write(f"signalbox: {error}\n")
        return FAILED


def _serve(settings: Settings) -> int:
    _upgrade(settings)
    # A home from before these were needed lacks them.
    make_signing_key(settings.keys, register_key.NAME)
    seal.make_key(settings.keys)
    app = create_app(settings)
    with app.state.parts.database.read() as session:
        _check_shop(settings, installation(session).shop)
    _settle_keys(settings, app.state.parts)
    _settle_policy(settings, app.state.parts.database)
    try:
        listener = bind(settings.control_plane_host, settings.control_plane_port)
    except OSError as error:
        place = f"{settings.control_plane_host}:{settings.control_plane_port}"
        sys.stderr.write(f"signalbox: {place}: {error.strerror}\n")
        return FAILED
    config = uvicorn.Config(
        app,
        host=settings.control_plane_host,
        port=settings.control_plane_port,
        # SDK keys stand in GrowthBook's paths: no access log.
        access_log=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        backlog=BACKLOG,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
    )
    sys.setswitchinterval(SWITCH_SECONDS)
    server = Server(config, app.state.parts)
    # uvicorn finishes, then raises the signal again for whoever was there before: us.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    server.run(sockets=[listener])
    return 0 if server.started else FAILED


def _leave(*_: object) -> None:
    raise SystemExit(0)


def _upgrade(settings: Settings) -> None:
    done = upgrade_safely(settings)
    if done.plan.steps:
        backup = done.backup and str(done.backup)
        log.info("schema upgraded", before=done.plan.before, after=done.plan.after, backup=backup)


def _settle_keys(settings: Settings, parts: Parts) -> None:
    """The register's key is the one it names; webhooks' secrets are under the newest key."""
    signer = register_key.load_register_signer(settings.keys)
    with parts.database.write() as session:
        register_key.check_key(session, signer)
        register_key.enter_key(session, system("start"), signer)
        reseal(session, parts.webhooks.seal)


def _settle_policy(settings: Settings, database: Database) -> None:
    with database.write() as session:
        settle_policy(session, system("start", "local"), settings.independence_days)


def _check_home(settings: Settings) -> None:
    key = settings.keys / "documents.key"
    if not key.is_file():
        raise ContractError(
            "SIGNALBOX_HOME", "an initialised home", str(settings.home), "Run signalbox init."
        )


def _check_shop(settings: Settings, shop: str) -> None:
    if settings.shop != shop:
        raise ContractError("SIGNALBOX_SHOP", f"the shop of this home, {shop}", settings.shop)


if __name__ == "__main__":
    sys.exit(main())
