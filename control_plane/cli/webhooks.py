"""``signalbox webhooks``: who is told of what, and what became of it."""

from pathlib import Path
from typing import Annotated

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show
from control_plane.cli.private_file import show_secret
from control_plane.cli.versions import Reason

webhooks = typer.Typer(no_args_is_help=True, help="Who is told of what over HTTP.")
_PATH = "/api/v1/webhooks"
_DELIVERIES = "/api/v1/webhook-deliveries"
COLUMNS = ("id", "name", "url", "events", "last_success_at", "failing_since", "disabled_reason")
DELIVERY_COLUMNS = (
    "id",
    "webhook_id",
    "type",
    "state",
    "attempts",
    "due_at",
    "finished_at",
    "note",
)
ATTEMPT_COLUMNS = ("number", "at", "duration_ms", "status", "error")
Events = Annotated[
    list[str], typer.Option("--event", help="A type, a group such as release.*, or *; repeat.")
]
SecretFile = Annotated[
    Path | None, typer.Option("--file", help="Write the secret here (0600), do not print it.")
]


@webhooks.command("types")
def list_types(as_json: Json = False) -> None:
    """Everything that may be subscribed to."""
    found = call("GET", "/api/v1/webhook-types")["types"]
    show(found if as_json else [{"type": name} for name in found], as_json)


@webhooks.command("create")
def create_webhook(
    name: str,
    url: Annotated[str, typer.Option(help="https://host/path")],
    event: Events,
    file: SecretFile = None,
    as_json: Json = False,
) -> None:
    """Subscribe; the secret is shown once."""
    body = {"name": name, "url": url, "events": event}
    show_secret(call("POST", _PATH, body), "secret", file, as_json)


@webhooks.command("list")
def list_webhooks(as_json: Json = False) -> None:
    """All webhooks, and which are reached."""
    show(call_all(_PATH), as_json, COLUMNS)


@webhooks.command("show")
def show_webhook(webhook: str, as_json: Json = False) -> None:
    """One webhook."""
    show(call("GET", f"{_PATH}/{webhook}"), as_json)


@webhooks.command("edit")
def edit_webhook(
    webhook: str,
    name: str | None = None,
    url: Annotated[str | None, typer.Option(help="https://host/path")] = None,
    event: Annotated[
        list[str] | None, typer.Option(help="A type, a group or *; repeat. Replaces all.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is named, from the next event on."""
    given = {"name": name, "url": url, "events": event or None}
    changes = {member: value for member, value in given.items() if value is not None}
    show(call("PATCH", f"{_PATH}/{webhook}", changes), as_json)


@webhooks.command("disable")
def disable_webhook(webhook: str, reason: Reason, as_json: Json = False) -> None:
    """Send nothing more; what waits becomes dead letters."""
    show(call("POST", f"{_PATH}/{webhook}/disable", {"reason": reason}), as_json)


@webhooks.command("enable")
def enable_webhook(webhook: str, as_json: Json = False) -> None:
    """Send again, from the next event on."""
    show(call("POST", f"{_PATH}/{webhook}/enable"), as_json)


@webhooks.command("delete")
def delete_webhook(webhook: str) -> None:
    """Forget a webhook with its secrets and deliveries."""
    call("DELETE", f"{_PATH}/{webhook}")


@webhooks.command("rotate")
def rotate_secret(
    webhook: str,
    overlap: Annotated[int, typer.Option(help="Seconds the old secret signs too.")] = 86_400,
    file: SecretFile = None,
    as_json: Json = False,
) -> None:
    """Make a new secret; with --overlap 0 the old one ends now."""
    answer = call("POST", f"{_PATH}/{webhook}/rotate", {"overlap_s": overlap})
    show_secret(answer, "secret", file, as_json)


@webhooks.command("test")
def send_test(webhook: str, as_json: Json = False) -> None:
    """Send a webhook.test message; look with ``delivery`` what became of it."""
    show(call("POST", f"{_PATH}/{webhook}/test"), as_json)


@webhooks.command("deliveries")
def list_deliveries(
    webhook: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
    state: Annotated[str | None, typer.Option(help="pending, delivered or dead.")] = None,
    type_: Annotated[str | None, typer.Option("--type", help="E.g. release.ramped.")] = None,
    limit: Annotated[int, typer.Option(help="The newest so many, at most 1000.")] = 100,
    as_json: Json = False,
) -> None:
    """What was sent, waits, or was given up (--state dead); newest first."""
    asked = {"webhook": webhook, "state": state, "type": type_, "limit": limit}
    show(call("GET", _DELIVERIES, parameters=asked), as_json, DELIVERY_COLUMNS)


@webhooks.command("delivery")
def show_delivery(delivery: str, as_json: Json = False) -> None:
    """One delivery: what is sent, and each attempt."""
    found = call("GET", f"{_DELIVERIES}/{delivery}")
    if as_json:
        show(found, as_json)
        return
    tried = found.pop("tried")
    show(found, as_json)
    show(tried, as_json, ATTEMPT_COLUMNS)


@webhooks.command("redeliver")
def redeliver(
    delivery: Annotated[str | None, typer.Argument(help="One delivery.")] = None,
    webhook: Annotated[str | None, typer.Option(help="All dead letters of this one.")] = None,
    since: Annotated[str | None, typer.Option(help="RFC 3339 time; with --webhook.")] = None,
    as_json: Json = False,
) -> None:
    """Send one delivery again, or a webhook's dead letters."""
    if (delivery is None) == (webhook is None) or (since and webhook is None):
        fail(
            "DELIVERY, --webhook: expected one of them, --since with the latter", ExitCode.BAD_INPUT
        )
    if webhook is not None:
        show(call("POST", f"{_PATH}/{webhook}/redeliver", {"since": since}), as_json)
    else:
        show(call("POST", f"{_DELIVERIES}/{delivery}/redeliver"), as_json)
