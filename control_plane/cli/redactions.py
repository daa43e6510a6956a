"""``signalbox redactions``."""

from pathlib import Path
from typing import Annotated

import typer

from control_plane.cli.api import call, call_all, download
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show
from control_plane.cli.versions import Reason

redactions = typer.Typer(
    no_args_is_help=True, help="Shopify's law requests: what is asked, until when, how far it is."
)
_PATH = "/api/v1/redactions"
COLUMNS = ("id", "topic", "urgency", "days_left", "due_at", "waits_for", "closed_at")
VERSION_COLUMNS = ("version", "model", "state", "serving", "retired_at")
RUN_TIMEOUT_S = 300.0
EXPORT_TIMEOUT_S = 1800.0


@redactions.command("list")
def list_redactions(
    is_open: Annotated[bool | None, typer.Option("--open/--closed", help="Only these.")] = None,
    subject: Annotated[str | None, typer.Option(help="About a customer's pseudonym.")] = None,
    as_json: Json = False,
) -> None:
    """All requests, the newest first."""
    show(call_all(_PATH, {"open": is_open, "subject": subject}), as_json, COLUMNS)


@redactions.command("show")
def show_redaction(redaction: str, as_json: Json = False) -> None:
    """One request, with what each place erased."""
    show(call("GET", f"{_PATH}/{redaction}"), as_json)


@redactions.command("open")
def open_redaction(
    reason: Reason,
    customers_file: Annotated[
        Path | None,
        typer.Option(
            help="Raw customer ids or mail addresses, one a line: no id stands in the shell's "
            "history. Pseudonyms alone are kept, until it is closed.",
        ),
    ] = None,
    order: Annotated[list[str] | None, typer.Option(help="An order's number; repeat.")] = None,
    data_request: Annotated[
        bool, typer.Option("--data-request", help="Erase nothing: the data are asked for.")
    ] = False,
    shop: Annotated[str | None, typer.Option(help="Another shop than the installation's.")] = None,
    as_json: Json = False,
) -> None:
    """Enter a request that came to the merchant directly; Shopify's come in by themselves."""
    body = {
        "customers": _lines(customers_file),
        "order_numbers": order or [],
        "data_request": data_request,
        "reason": reason,
        "shop": shop,
    }
    show(call("POST", _PATH, body), as_json)


@redactions.command("run")
def run_redactions(as_json: Json = False) -> None:
    """Carry all open requests on now; exit code 1 when a person should look at one."""
    done = call("POST", f"{_PATH}/run", timeout_s=RUN_TIMEOUT_S)
    show(done, as_json)
    if done["problems"]:
        raise typer.Exit(ExitCode.FAILURE)


@redactions.command("versions")
def list_versions(redaction: str, as_json: Json = False) -> None:
    """Versions trained on its subject, to be retrained or retired."""
    show(call_all(f"{_PATH}/{redaction}/versions"), as_json, VERSION_COLUMNS)


@redactions.command("export")
def export_redaction(
    redaction: str,
    file: Annotated[Path, typer.Option("--file", help="The zip to write.")],
    as_json: Json = False,
) -> None:
    """Everything held of its subject, as a zip for the merchant: a page to read, and JSON."""
    size = download(f"{_PATH}/{redaction}/export", None, file, EXPORT_TIMEOUT_S)
    show({"file": str(file), "bytes": size}, as_json)


@redactions.command("close")
def close_redaction(redaction: str, reason: Reason, as_json: Json = False) -> None:
    """End one by hand: the merchant has the data, or a law asks that they are kept."""
    show(call("POST", f"{_PATH}/{redaction}/close", {"reason": reason}), as_json)


def _lines(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{file}: expected a readable text file, got {error}", ExitCode.BAD_INPUT)
    return [each.strip() for each in lines if each.strip()]
