"""``signalbox groups``: releases of several models that move together."""

from typing import Annotated, Any

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.output import Json, show
from control_plane.cli.releases import COLUMNS, Ticket, add_verbs
from control_plane.cli.versions import Reason

PATH = "/api/v1/release-groups"
groups = typer.Typer(no_args_is_help=True, help="Releases of several models that move together.")
Members = Annotated[list[str], typer.Argument(help="Ids of releases that have not started.")]
Read = Annotated[int, typer.Option("--expected-revision", help="Of the group, as you read it.")]


@groups.command("create")
def create_group(
    members: Members, reason: Reason, ticket: Ticket = None, as_json: Json = False
) -> None:
    """Bind releases: back to draft, then approved and moved together."""
    body = {"members": members, "reason": reason, "ticket": ticket}
    _show(call("POST", PATH, body), as_json)


@groups.command("list")
def list_groups(as_json: Json = False) -> None:
    """Groups, newest first."""
    show(call_all(PATH), as_json, ("id", "reason", "author", "revision", "members"))


@groups.command("show")
def show_group(group: str, as_json: Json = False) -> None:
    """One group with its releases."""
    _show(call("GET", f"{PATH}/{group}"), as_json)


@groups.command("edit")
def edit_group(
    group: str, members: Members, reason: Reason, expected_revision: Read, as_json: Json = False
) -> None:
    """Say which releases a group has from now on: all go back to draft."""
    body = {"members": members, "reason": reason, "expected_revision": expected_revision}
    _show(call("PATCH", f"{PATH}/{group}", body), as_json)


@groups.command("dissolve")
def dissolve_group(
    group: str, reason: Reason, expected_revision: Read, as_json: Json = False
) -> None:
    """Let the releases go on each by itself, from draft."""
    body = {"reason": reason, "expected_revision": expected_revision}
    show(call("DELETE", f"{PATH}/{group}", body), as_json)


add_verbs(groups, PATH)


def _show(group: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show(group, as_json)
        return
    show({name: value for name, value in group.items() if name != "releases"}, as_json)
    show(group["releases"], as_json, COLUMNS)
