"""Starts the parts: one in the foreground, or all of an installation together."""

import os
import signal
import subprocess
import sys
import time
from enum import StrEnum
from types import FrameType
from typing import NoReturn

import typer

from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import console, fail
from control_plane.cli.settings import CliSettings

STOP_SECONDS = 15.0
POLL_SECONDS = 0.2


class Part(StrEnum):
    """What ``signalbox serve`` can start."""

    CONTROL_PLANE = "control-plane"
    FLEET = "fleet"
    GATEWAY = "gateway"
    INGRESS = "ingress"
    SCHEDULE = "schedule"
    SHIPPER = "shipper"
    WORKER = "worker"


MODULES = {
    Part.CONTROL_PLANE: "control_plane",
    Part.FLEET: "control_plane.fleet",
    Part.GATEWAY: "gateway",
    Part.INGRESS: "control_plane.shopify",
    Part.SCHEDULE: "training",
    Part.SHIPPER: "gateway.shipper",
    Part.WORKER: "bentos.worker",
}
ARGUMENTS = {Part.SCHEDULE: ("schedule",)}
# Ended in the reverse order: the gateway closes its segments, and the shipper still ships them.
TOGETHER = (Part.CONTROL_PLANE, Part.FLEET, Part.SHIPPER, Part.GATEWAY)
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("init", context_settings={**PASS_ON, "help_option_names": []})(init)
    app.command("serve", context_settings=PASS_ON)(serve)
    app.command("up")(up)
    for name, command in {"backup": backup, "restore": restore, "upgrade": upgrade}.items():
        app.command(name, context_settings={**PASS_ON, "help_option_names": []})(command)
    app.command("ingress", context_settings={**PASS_ON, "help_option_names": []})(ingress)
    app.command("train", context_settings={**PASS_ON, "help_option_names": []})(train)


def init(context: typer.Context) -> None:
    """Make keys, database, the first admin and the services' keys; safe to repeat."""
    become("control_plane.init", context.args)


def serve(context: typer.Context, part: Part) -> None:
    """Run one part in the foreground; further arguments are passed on."""
    become(MODULES[part], [*ARGUMENTS.get(part, ()), *context.args])


def backup(context: typer.Context) -> None:
    """Write all tables into one file, while the control plane runs."""
    become("control_plane.backup", ["backup", *context.args])


def restore(context: typer.Context) -> None:
    """Put a backup in force; the control plane stands still meanwhile."""
    become("control_plane.backup", ["restore", *context.args])


def upgrade(context: typer.Context) -> None:
    """Bring the schema up to this release, after a backup."""
    become("control_plane.backup", ["upgrade", *context.args])


def ingress(context: typer.Context) -> None:
    """Ask what came from Shopify here, and what was set aside."""
    become("control_plane.shopify.asking", context.args)


def train(context: typer.Context) -> None:
    """Run a training step, a night or its schedule; all arguments are passed on."""
    become("training", context.args)


def up() -> None:
    """Run control plane, fleet, shipper and gateway together until Ctrl-C, or until one ends.

    The ingress too, when a Shopify app is set up, and the nightly schedule when there is one.
    """
    parts = (*TOGETHER, Part.INGRESS) if _has_shopify_app() else TOGETHER
    if CliSettings().nightly_cron:
        parts = (*parts, Part.SCHEDULE)
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, _interrupt)
    running: list[tuple[Part, subprocess.Popen[bytes]]] = []
    try:
        for part in parts:
            # A session of its own: Ctrl-C reaches us alone and we end them in order.
            command = [sys.executable, "-m", MODULES[part], *ARGUMENTS.get(part, ())]
            running.append((part, subprocess.Popen(command, start_new_session=True)))
            console.print(f"{part.value} started, pid {running[-1][1].pid}")
        part, code = _first_to_end(running)
    except KeyboardInterrupt:
        console.print("stopping")
        return
    finally:
        _stop(running)
    fail(f"{part.value} ended with exit code {code}", ExitCode.FAILURE)


def become(module: str, arguments: list[str]) -> NoReturn:
    """Go on as ``python -m module``, in this process."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606


def _has_shopify_app() -> bool:
    # Only here: no other command of these opens tables.
    from control_plane.config import Settings  # noqa: PLC0415
    from control_plane.shopify.apps import from_database  # noqa: PLC0415

    try:
        return bool(from_database(Settings())())
    except Exception:  # noqa: BLE001 - whatever it is, the part it concerns says it at its start
        return False


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _first_to_end(running: list[tuple[Part, subprocess.Popen[bytes]]]) -> tuple[Part, int]:
    while True:
        for part, process in running:
            code = process.poll()
            if code is not None:
                return part, code
        time.sleep(POLL_SECONDS)


def _stop(running: list[tuple[Part, subprocess.Popen[bytes]]]) -> None:
    """Gateway first, so that nobody is sent to workers that are going away."""
    for part, process in reversed(running):
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            console.print(f"{part.value} does not end, killing it")
            process.kill()
            process.wait()
