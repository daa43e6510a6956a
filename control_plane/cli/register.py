"""``signalbox register``: read what was done, and check that nothing of it was changed."""

from typing import Annotated

import typer

from control_plane.cli.api import call
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, show

register = typer.Typer(no_args_is_help=True, help="The register of every change and denial.")


@register.command("list")
def list_events(
    after: Annotated[int, typer.Option(help="Only events after this number.")] = 0,
    limit: int = 100,
    action: Annotated[str | None, typer.Option(help="E.g. release:approve.")] = None,
    entity: Annotated[str | None, typer.Option(help="E.g. release:<id>.")] = None,
    as_json: Json = False,
) -> None:
    """Events, oldest first."""
    wanted = {"after": after, "limit": limit, "action": action, "entity": entity}
    events = call("GET", "/api/v1/register/events", parameters=wanted)
    if not as_json:
        events = [{**event, "actor": event["actor"]["id"]} for event in events]
    show(events, as_json, ("seq", "at", "actor", "action", "entity", "outcome", "reason"))


@register.command("verify")
def verify(
    size: Annotated[int | None, typer.Option(help="Size found by an earlier verify.")] = None,
    root: Annotated[str | None, typer.Option(help="Root found by an earlier verify.")] = None,
    as_json: Json = False,
) -> None:
    """Re-derive the whole register; exit code 1 if anything does not fit."""
    anchor = {"size": size, "root": root}
    result = call("GET", "/api/v1/register/verify", parameters=anchor)
    show(result, as_json)
    if not result["ok"]:
        raise typer.Exit(ExitCode.FAILURE)
