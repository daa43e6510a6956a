"""``python -m control_plane.fleet``: keeps the bento workers running until SIGTERM."""

import asyncio
import fcntl
import os
import signal
import sys
import time
from pathlib import Path
from typing import IO

import structlog
from pydantic import ValidationError

from bentos.contract.errors import ContractError
from control_plane.fleet.control_plane import ControlPlane, read_key
from control_plane.fleet.plan import Limits
from control_plane.fleet.process_launcher import ProcessLauncher
from control_plane.fleet.reconciler import Reconciler
from control_plane.fleet.service import FleetService
from control_plane.fleet.settings import FleetSettings

_log = structlog.get_logger(__name__)


def main() -> int:
    """Run the fleet; 2 for bad configuration, with the field and what was expected."""
    try:
        settings = FleetSettings()
        key = read_key(settings.key_file)
        with _single(settings.state_dir / "lock"):
            asyncio.run(_serve(settings, key))
    except ValidationError as error:
        for problem in error.errors():
            name = "SIGNALBOX_" + "_".join(map(str, problem["loc"])).upper()
            sys.stderr.write(f"{name}: {problem['msg']}, got {problem['input']!r}\n")
        return 2
    except ContractError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


async def _serve(settings: FleetSettings, key: str) -> None:
    limits = Limits(
        start_timeout_s=settings.fleet_start_timeout_s,
        drain_grace_s=settings.fleet_drain_grace_s,
        stop_timeout_s=settings.fleet_stop_timeout_s,
    )
    launcher = ProcessLauncher(settings.home, nice=settings.fleet_worker_nice)
    reconciler = Reconciler(launcher, limits, time.monotonic)
    service = FleetService(settings, ControlPlane(settings.control_plane_url, key), reconciler)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, service.stop)
    _log.info("fleet started", fleet=settings.fleet_id, control_plane=settings.control_plane_url)
    await service.run()
    _log.info("fleet stopped")


def _single(path: Path) -> IO[str]:
    """Hold the lock file as long as it is open: two fleets on one home would double workers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        file.close()
        raise ContractError(str(path), "no other fleet on this home", "one running") from error
    os.set_inheritable(file.fileno(), False)
    return file


if __name__ == "__main__":
    raise SystemExit(main())
