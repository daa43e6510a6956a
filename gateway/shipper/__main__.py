"""``python -m gateway.shipper``: ships closed segments until SIGTERM, or verifies the lake."""

import argparse
import fcntl
import json
import os
import random
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import IO

import structlog
from pydantic import ValidationError

from bentos.decision_lake.files import Lake
from gateway import logging
from gateway.shipper.register import Register, RegisterUnavailable
from gateway.shipper.settings import ShipperSettings
from gateway.shipper.shipping import Shipping
from gateway.shipper.verification import verify

log = structlog.get_logger(__name__)

LONGEST_WAIT_S = 60.0
STOP_GRACE_S = 8.0
FAILURE, BAD_INPUT, UNREACHABLE = 1, 2, 5


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code says what went wrong."""
    parser = argparse.ArgumentParser(prog="signalbox serve shipper", description=__doc__)
    parser.add_argument("--once", action="store_true", help="one pass, then end; 1 if work is left")
    commands = parser.add_subparsers(dest="command")
    verifying = commands.add_parser("verify", help="re-derive the register's roots from the lake")
    verifying.add_argument("--json", action="store_true", help="print one JSON object")
    verifying.add_argument(
        "--redacted", type=Path, help="file of decision ids, one a line, that were erased lawfully"
    )
    options = parser.parse_args(arguments)
    logging.configure()
    try:
        settings = ShipperSettings()
        if options.command == "verify":
            return _verify(settings, options.redacted, as_json=options.json)
        return _ship(settings, once=options.once)
    except ValidationError as error:
        for problem in error.errors():
            name = "SIGNALBOX_" + "_".join(map(str, problem["loc"])).upper()
            # A URL may hold what must not be shown.
            got = "" if name.endswith("_URL") else f", got {problem['input']!r}"
            _complain(f"{name}: {problem['msg']}{got}")
        return BAD_INPUT
    except RegisterUnavailable as error:
        _complain(f"the register at {settings.control_plane_url}: {error}")
        return UNREACHABLE
    except BlockingIOError:
        _complain(f"{settings.home}: expected no other shipper on this home, one is running")
        return BAD_INPUT


def _ship(settings: ShipperSettings, *, once: bool) -> int:
    register = Register(settings.control_plane_url, settings.gateway_key_path)
    with _single(settings.home / "gateway" / "shipper.lock"):
        shipping = Shipping(settings.segments_path, Lake(settings.lake_url), register)
        if once:
            return 0 if shipping.ship_all() else FAILURE
        os.nice(settings.shipper_nice)
        _ship_until_stopped(shipping, settings.ship_interval_s)
    return 0


def _ship_until_stopped(shipping: Shipping, interval_s: float) -> None:
    """A pass at every interval, ever longer ones while something is away; a last one at the end."""
    stopping = threading.Event()

    def stop(*_: object) -> None:
        shipping.until = time.monotonic() + STOP_GRACE_S
        stopping.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    log.info("shipper_started")
    failures = 0
    while True:
        last = stopping.is_set()
        failures = 0 if _pass(shipping) else failures + 1
        if last:
            break
        wait_s = min(LONGEST_WAIT_S, interval_s * 2 ** min(failures, 16))
        stopping.wait(wait_s * random.uniform(0.75, 1.0))
    log.info("shipper_stopped", shipped=shipping.shipped)


def _pass(shipping: Shipping) -> bool:
    try:
        return shipping.ship_all()
    except Exception as error:  # noqa: BLE001 - a file system raises whatever it likes; the
        # segment stays and is tried again. Only OSErrors are shown: others may quote a value.
        text = str(error) if isinstance(error, OSError) else ""
        log.error("shipping_failed", kind=type(error).__name__, error=text)
        return False


def _verify(settings: ShipperSettings, redacted: Path | None, *, as_json: bool) -> int:
    ids = frozenset[str]()
    if redacted is not None:
        try:
            ids = frozenset(redacted.read_text().split())
        except OSError as error:
            _complain(f"{redacted}: expected a file of decision ids, got {error.strerror}")
            return BAD_INPUT
    register = Register(settings.control_plane_url, settings.reader_key_path)
    lawful = register.lawful()
    lawful = replace(lawful, redacted=lawful.redacted | ids)
    result = verify(Lake(settings.lake_url), register.segments(), lawful).as_json()
    if as_json:
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        for name, value in result.items():
            lines = value if isinstance(value, list) else [value]
            sys.stdout.write("".join(f"{name:14} {each}\n" for each in lines))
    return 0 if result["ok"] else FAILURE


def _single(path: Path) -> IO[str]:
    """Hold the lock file as long as it is open: two shippers would write each other's files."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    return file


def _complain(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
