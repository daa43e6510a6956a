"""``signalbox ingress``: what came from Shopify on this machine, and what was set aside."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Annotated

import typer

from bentos.contract.errors import ContractError
from control_plane import clock
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show
from control_plane.shopify import compliance, keeping, status
from control_plane.shopify.inbox import read_inbox, transaction
from control_plane.shopify.settings import IngressSettings

ingress = typer.Typer(
    name="signalbox ingress",
    no_args_is_help=True,
    help="Shopify's deliveries on this machine: its file is read directly.",
    pretty_exceptions_enable=False,
)
Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most so many.")]
Number = Annotated[int, typer.Argument(help="seq of a delivery that was set aside.")]


@ingress.command("status")
def show_status(as_json: Json = False) -> None:
    """How many deliveries became what, and what waits."""
    with _inbox() as inbox:
        tally = status.tally(inbox)
        facts = {
            "waiting": status.waiting(inbox),
            "oldest_waiting_s": round(status.oldest_waiting_s(inbox), 3),
            "set_aside": status.set_aside_count(inbox),
            "compliance_open": status.compliance_open(inbox),
        }
    if as_json:
        show({**facts, "tally": tally}, as_json)
        return
    show(facts, as_json)
    show(tally, as_json, ("topic", "state", "count"))


@ingress.command("set-aside")
def list_set_aside(limit: Limit = 100, as_json: Json = False) -> None:
    """Deliveries that could not be read or applied, the oldest first."""
    columns = ("seq", "topic", "domain", "received_at", "attempts", "retriable", "error")
    with _inbox() as inbox:
        show(status.set_aside(inbox, limit), as_json, columns)


@ingress.command("requests")
def list_requests(limit: Limit = 100, as_json: Json = False) -> None:
    """Requests of the law topics that nobody has taken, the most urgent first."""
    columns = ("seq", "topic", "domain", "order_ids", "received_at", "due_at")
    with _inbox() as inbox:
        found = [vars(each) for each in compliance.open_requests(inbox, limit)]
    show(found, as_json, columns)


@ingress.command("keeping")
def show_keeping(as_json: Json = False) -> None:
    """How long what is kept, and what is past its time now; the ingress takes it away hourly."""
    with _inbox() as inbox:
        try:
            found = [asdict(each) for each in keeping.due(IngressSettings(), inbox)]
        except ContractError as error:
            fail(str(error), ExitCode.BAD_INPUT)
    show(found, as_json, ("place", "days", "due", "held"))


@ingress.command("retry")
def retry(number: Number, as_json: Json = False) -> None:
    """Have it applied again."""
    with _inbox(write=True) as inbox, transaction(inbox):
        done = status.retry(inbox, number)
    _say(done, number, "what was kept of it waits to be applied", as_json)


@ingress.command("drop")
def drop(number: Number, as_json: Json = False) -> None:
    """Give it up; for orders the reconcile job reads the truth again."""
    with _inbox(write=True) as inbox, transaction(inbox):
        done = status.drop(inbox, number, clock.now())
    _say(done, number, "given up", as_json)


def _say(done: bool, number: int, what: str, as_json: bool) -> None:
    if not done:
        expected = "the seq of a delivery that is set aside and of which something was kept"
        fail(f"seq: expected {expected}, got {number}", ExitCode.BAD_INPUT)
    show({"seq": number, "now": what}, as_json)


@contextmanager
def _inbox(*, write: bool = False) -> Iterator[sqlite3.Connection]:
    path = IngressSettings().inbox
    try:
        connection = read_inbox(path, write=write)
    except sqlite3.OperationalError:
        hint = "signalbox serve ingress makes it"
        fail(f"{json.dumps(str(path))}: expected an inbox, got none; {hint}", ExitCode.BAD_INPUT)
    try:
        yield connection
    finally:
        connection.close()


if __name__ == "__main__":
    ingress(prog_name="signalbox ingress")
