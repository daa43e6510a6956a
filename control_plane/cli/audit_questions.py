"""The questions auditors ask by name, as commands of ``signalbox audit``."""

from typing import Annotated

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.output import Json, show

API = "/api/v1/register/questions"
Since = Annotated[str | None, typer.Option(help="RFC 3339 time, included.")]
Until = Annotated[str | None, typer.Option(help="RFC 3339 time, not included.")]


def add_questions(audit: typer.Typer) -> None:
    """Add the commands."""
    audit.command("publishes")(publishes)
    audit.command("stale-approvals")(stale_approvals)
    audit.command("who-could-publish")(who_could_publish)
    audit.command("served")(served)


def publishes(
    unapproved: Annotated[
        bool, typer.Option("--unapproved", help="Only those without an independent approval.")
    ] = False,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Every change of a route that was published: who let it, and on whose approval."""
    wanted = {"unapproved": unapproved, "since": since, "until": until}
    found = call_all(f"{API}/publishes", parameters=wanted)
    show(found, as_json, ("seq", "at", "model", "cause", "by", "approvers", "same_hand", "verdict"))


def stale_approvals(since: Since = None, until: Until = None, as_json: Json = False) -> None:
    """Moves forward on an approval older than the release's last edit."""
    wanted = {"since": since, "until": until}
    found = call_all(f"{API}/stale-approvals", parameters=wanted)
    show(found, as_json, ("seq", "at", "release", "action", "approver", "approved_seq", "edit_seq"))


def who_could_publish(at: str, as_json: Json = False) -> None:
    """Who could move a release forward at that time, by the register."""
    found = call_all(f"{API}/who-could-publish", parameters={"at": at})
    show(found, as_json, ("id", "type", "roles", "keys", "since_seq"))


def served(model: str, at: str, as_json: Json = False) -> None:
    """What a model's route was at that time, as gateways were told."""
    show(call("GET", f"{API}/served", parameters={"model": model, "at": at}), as_json)
