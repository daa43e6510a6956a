"""``signalbox kill`` and ``unkill``: through the control plane, or on this machine without it."""

from typing import Annotated

import typer

from control_plane.cli import local_kill
from control_plane.cli.api import call, call_all
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show
from control_plane.cli.versions import Reason

Local = Annotated[
    bool, typer.Option("--local", help="On this machine's gateway, without the control plane.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("kill")(kill)
    app.command("unkill")(unkill)
    app.command("kills")(kills)


def kill(  # noqa: PLR0913, PLR0917 - a command's options
    model: Annotated[str | None, typer.Argument()] = None,
    version: Annotated[str | None, typer.Argument()] = None,
    reason: Annotated[str, typer.Option(help="Why; it goes into the register.")] = "",
    expires_in: Annotated[float | None, typer.Option(help="Seconds until it may end.")] = None,
    local: Local = False,
    clear: Annotated[bool, typer.Option("--clear", help="With --local: end it.")] = False,
    reconcile: Annotated[
        bool, typer.Option("--reconcile", help="Tell the control plane of the local kills.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Force a model onto a version it once promoted, now."""
    if reconcile:
        show(local_kill.reconcile(), as_json)
        return
    if model is None or (version is None and not clear):
        fail("expected MODEL and VERSION", ExitCode.BAD_INPUT)
    if not reason.strip():
        fail("--reason: expected why, got nothing", ExitCode.BAD_INPUT)
    if clear and not local:
        fail("--clear: expected with --local; without it use unkill", ExitCode.BAD_INPUT)
    if local and expires_in is not None:
        fail("--expires-in: expected without --local; a local kill is cleared", ExitCode.BAD_INPUT)
    if clear:
        show(local_kill.clear(model, reason), as_json)
    elif local:
        assert version is not None
        show(local_kill.set_kill(model, version, reason), as_json)
    else:
        body = {"model": model, "version": version, "reason": reason, "expires_in_s": expires_in}
        show(call("POST", "/api/v1/kills", body), as_json)


def unkill(model: str, reason: Reason, as_json: Json = False) -> None:
    """End a kill; the model's release stays paused at 0 %."""
    show(call("DELETE", f"/api/v1/kills/{model}", {"reason": reason}), as_json)


def kills(as_json: Json = False) -> None:
    """Kills in force."""
    columns = ("model", "version", "reason", "set_by", "set_at", "expires_at")
    show(call_all("/api/v1/kills"), as_json, columns)
