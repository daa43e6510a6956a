"""``signalbox freezes`` and ``signalbox reviews``: what is watched besides the releases."""

from typing import Annotated

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.output import Json, show
from control_plane.cli.releases import Ticket
from control_plane.cli.versions import Reason

freezes = typer.Typer(no_args_is_help=True, help="Windows in which nothing goes forward.")
reviews = typer.Typer(no_args_is_help=True, help="Reviews that kills opened.")
FREEZE_COLUMNS = ("id", "starts_at", "ends_at", "models", "reason", "created_by", "ended_by")
REVIEW_COLUMNS = ("id", "model", "reason", "killed_by", "due_at", "overdue", "outcome", "closed_by")


@freezes.command("create")
def create_freeze(
    ends_at: Annotated[str, typer.Argument(help="RFC 3339 time.")],
    reason: Reason,
    starts_at: Annotated[str | None, typer.Option(help="RFC 3339 time; without it: now.")] = None,
    model: Annotated[list[str] | None, typer.Option(help="Repeat; without it: all.")] = None,
    ticket: Ticket = None,
    as_json: Json = False,
) -> None:
    """Let no release go forward for a time."""
    body = {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "models": model or None,
        "reason": reason,
        "ticket": ticket,
    }
    show(call("POST", "/api/v1/freezes", body), as_json)


@freezes.command("list")
def list_freezes(
    past: Annotated[bool, typer.Option("--past", help="Also those that are over.")] = False,
    as_json: Json = False,
) -> None:
    """Windows that are or will be in force."""
    found = call_all("/api/v1/freezes", parameters={"past": past or None})
    show(found, as_json, FREEZE_COLUMNS)


@freezes.command("show")
def show_freeze(freeze: str, as_json: Json = False) -> None:
    """One window with its exemptions."""
    show(call("GET", f"/api/v1/freezes/{freeze}"), as_json)


@freezes.command("cancel")
def cancel_freeze(freeze: str, reason: Reason, as_json: Json = False) -> None:
    """Call off a window that has not begun."""
    show(call("DELETE", f"/api/v1/freezes/{freeze}", {"reason": reason}), as_json)


@freezes.command("end")
def end_freeze(freeze: str, reason: Reason, as_json: Json = False) -> None:
    """End a window in force, as an approver who did not make it."""
    show(call("POST", f"/api/v1/freezes/{freeze}/end", {"reason": reason}), as_json)


@freezes.command("exempt")
def exempt_release(
    freeze: str,
    release: str,
    reason: Reason,
    expected_revision: Annotated[int, typer.Option(help="Of the release, as you read it.")],
    as_json: Json = False,
) -> None:
    """Let one release's present content go forward all the same, as one more approver."""
    body = {"release": release, "expected_revision": expected_revision, "reason": reason}
    show(call("POST", f"/api/v1/freezes/{freeze}/exemptions", body), as_json)


@reviews.command("list")
def list_reviews(
    state: Annotated[str | None, typer.Option(help="open, overdue or closed.")] = None,
    as_json: Json = False,
) -> None:
    """Reviews by the time they are due."""
    found = call_all("/api/v1/reviews", parameters={"state": state})
    show(found, as_json, REVIEW_COLUMNS)


@reviews.command("show")
def show_review(review: str, as_json: Json = False) -> None:
    """One review, and who may answer it."""
    show(call("GET", f"/api/v1/reviews/{review}"), as_json)


@reviews.command("close")
def close_review(
    review: str,
    outcome: Annotated[str, typer.Argument(help="justified, follow_up or unjustified.")],
    notes: Annotated[str, typer.Option(help="What was found; it goes into the register.")],
    as_json: Json = False,
) -> None:
    """Answer the review of somebody else's kill."""
    body = {"outcome": outcome, "notes": notes}
    show(call("POST", f"/api/v1/reviews/{review}/close", body), as_json)
