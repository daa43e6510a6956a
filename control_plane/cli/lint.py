"""``signalbox lint``: what is wrong with a payload, before anybody is sent it."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from control_plane.cli.api import call
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show

COLUMNS = ("severity", "code", "feature", "field", "found", "do")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("lint")(lint)


def lint(
    file: Annotated[
        Path | None, typer.Argument(help="A GrowthBook payload; without it: what is wanted now.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Findings of a payload; exit code 1 if one of them would keep it from being published."""
    if file is None:
        found = call("GET", "/api/v1/lint")
    else:
        found = call("POST", "/api/v1/lint", {"payload": _payload(file)})
    show(found if as_json else found["findings"], as_json, COLUMNS)
    if found["errors"]:
        raise typer.Exit(ExitCode.FAILURE)


def _payload(file: Path) -> Any:
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        fail(f"{file}: expected a JSON file, got {error}", ExitCode.BAD_INPUT)
