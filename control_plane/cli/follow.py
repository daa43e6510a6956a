"""``signalbox follow``: routes that an upstream GrowthBook decides on."""

from typing import Annotated

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.output import Json, show
from control_plane.cli.releases import Ticket
from control_plane.cli.versions import Reason

follow = typer.Typer(no_args_is_help=True, help="Take routes from a GrowthBook elsewhere.")
PATH = "/api/v1/follow"
COLUMNS = ("id", "state", "url", "models", "accepted_at", "upstream_date", "refused", "contact")


@follow.command("propose")
def propose(
    url: Annotated[str, typer.Argument(help="Of its API or CDN, e.g. https://cdn.growthbook.io.")],
    model: Annotated[list[str], typer.Option(help="A model that follows it; repeat.")],
    client_key: Annotated[
        str,
        typer.Option(help="file:upstream<…> of the keys folder, or env:SIGNALBOX_FOLLOW_<NAME>."),
    ],
    reason: Reason,
    decryption_key: Annotated[
        str | None, typer.Option(help="The same, where the payload is encrypted.")
    ] = None,
    ticket: Ticket = None,
    as_json: Json = False,
) -> None:
    """Propose it; a second person approves."""
    body = {
        "url": url,
        "models": model,
        "client_key": client_key,
        "decryption_key": decryption_key,
        "reason": reason,
        "ticket": ticket,
    }
    show(call("POST", PATH, body), as_json)


@follow.command("list")
def list_follows(as_json: Json = False) -> None:
    """What is followed, how long ago it was heard, and what was refused."""
    show(call_all(PATH), as_json, COLUMNS)


@follow.command("approve")
def approve(follow_id: str, reason: Reason, as_json: Json = False) -> None:
    """Agree to what somebody else proposed."""
    show(call("POST", f"{PATH}/{follow_id}/approve", {"reason": reason}), as_json)


@follow.command("end")
def end(follow_id: str, reason: Reason, as_json: Json = False) -> None:
    """Go back to the stable versions; needs no approval."""
    show(call("POST", f"{PATH}/{follow_id}/end", {"reason": reason}), as_json)
