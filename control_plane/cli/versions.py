"""``signalbox versions``, ``models`` and ``attributes``."""

import json
from pathlib import Path
from typing import Annotated

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show

Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the register.")]
versions = typer.Typer(no_args_is_help=True, help="Versions of models.")
models = typer.Typer(no_args_is_help=True, help="Models and what serves them.")
attributes = typer.Typer(no_args_is_help=True, help="Declared targeting attributes.")


@versions.command("list")
def list_versions(
    model: Annotated[str | None, typer.Option(help="Only this model's.")] = None,
    as_json: Json = False,
) -> None:
    """All versions."""
    columns = ("version", "state", "registered_at", "registered_by", "rejection")
    show(call_all("/api/v1/versions", parameters={"model": model}), as_json, columns)


@versions.command("show")
def show_version(version: str, as_json: Json = False) -> None:
    """One version with its manifest."""
    show(call("GET", f"/api/v1/versions/{version}"), as_json)


@versions.command("register")
def register_version(manifest: Path, as_json: Json = False) -> None:
    """Register a version by its manifest file (JSON)."""
    try:
        body = json.loads(manifest.read_text())
    except (OSError, ValueError) as error:
        fail(f"{manifest}: expected a JSON manifest, got {error}", ExitCode.BAD_INPUT)
    show(call("POST", "/api/v1/versions", body), as_json)


@versions.command("retire")
def retire_version(version: str, reason: Reason, as_json: Json = False) -> None:
    """Retire a version that nothing needs."""
    show(call("POST", f"/api/v1/versions/{version}/retire", {"reason": reason}), as_json)


@models.command("list")
def list_models(as_json: Json = False) -> None:
    """All models: stable version, open release, kill."""
    columns = ("model", "stable", "previous", "release", "killed", "published", "waiting_for")
    show(call_all("/api/v1/models"), as_json, columns)


@models.command("visibility")
def set_visibility(model: str, visibility: str, reason: Reason, as_json: Json = False) -> None:
    """Let public SDK keys name a model (public), or no longer (server)."""
    body = {"visibility": visibility, "reason": reason}
    show(call("PUT", f"/api/v1/models/{model}/visibility", body), as_json)


@attributes.command("list")
def list_attributes(as_json: Json = False) -> None:
    """The declared attributes and their types."""
    show(call("GET", "/api/v1/attributes"), as_json)


@attributes.command("declare")
def declare_attributes(pairs: list[str], as_json: Json = False) -> None:
    """Declare attributes: NAME=string, NAME=number, NAME=boolean."""
    body = {}
    for pair in pairs:
        name, separator, kind = pair.partition("=")
        if not separator:
            fail(f"PAIRS: expected NAME=TYPE, got {pair!r}", ExitCode.BAD_INPUT)
        body[name] = kind
    show(call("PUT", "/api/v1/attributes", body), as_json)
