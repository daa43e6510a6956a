"""``signalbox decisions``: find what the gateways decided, and check that it lies in the lake."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show
from control_plane.cli.private_file import write_private
from control_plane.cli.processes import PASS_ON, become

decisions = typer.Typer(no_args_is_help=True, help="Decisions that were shipped to the lake.")
PATH = "/api/v1/decisions"
COLUMNS = ("at", "decision_id", "model", "assigned_version", "variant", "reason", "status")
RERUN_TIMEOUT_S = 180.0
"""A worker may have to be started for it, asked and stopped."""
KeyFile = Annotated[
    Path | None,
    typer.Option("--targeting-key-file", help="File with one raw targeting key; - for stdin."),
]
Moment = Annotated[str | None, typer.Option(help="RFC 3339, e.g. 2026-11-24T00:00:00Z.")]


@decisions.command("list")
def list_decisions(  # noqa: PLR0913, PLR0917 - one option each
    model: str | None = None,
    version: Annotated[str | None, typer.Option(help="Assigned or served.")] = None,
    release: str | None = None,
    reason: str | None = None,
    since: Moment = None,
    until: Moment = None,
    subject: Annotated[str | None, typer.Option(help="A pseudonym.")] = None,
    key_file: KeyFile = None,
    before: Annotated[str | None, typer.Option(help="The next of the page before.")] = None,
    limit: int = 50,
    as_json: Json = False,
) -> None:
    """Public parts of decisions, newest first, of the last 30 days unless told otherwise."""
    asked: dict[str, Any] = {
        "model": model,
        "version": version,
        "release": release,
        "reason": reason,
        "since": since,
        "until": until,
        "before": before,
        "limit": limit,
    }
    if key_file is None:
        found = call("GET", PATH, parameters={**asked, "subject": subject})
    else:
        body = {name: value for name, value in asked.items() if value is not None}
        found = call("POST", f"{PATH}/search", {**body, "targeting_key": read_key(key_file)})
    show(found if as_json else found["decisions"], as_json, COLUMNS)


@decisions.command("show")
def show_decision(
    decision_id: str,
    personal: Annotated[bool, typer.Option("--personal", help="Recorded in the register.")] = False,
    as_json: Json = False,
) -> None:
    """One decision."""
    parameters = {"personal": "true"} if personal else None
    show(call("GET", f"{PATH}/{decision_id}", parameters=parameters), as_json)


@decisions.command("counts")
def count(release: str, since: Moment = None, until: Moment = None, as_json: Json = False) -> None:
    """Decisions and distinct subjects by step and arm of a release."""
    asked = {"release": release, "since": since, "until": until}
    found = call("GET", f"{PATH}/counts", parameters=asked)
    columns = (
        "step",
        "variant",
        "assigned_version",
        "decisions",
        "subjects",
        "first_at",
        "last_at",
    )
    show(found if as_json else found["arms"], as_json, columns)


@decisions.command("evidence")
def write_evidence(
    decision_id: str,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")],
    personal: Annotated[bool, typer.Option("--personal", help="With its personal part.")] = False,
) -> None:
    """Everything that led to a decision, as one file that verifies offline. Recorded."""
    parameters = {"personal": "true"} if personal else None
    found = call("GET", f"{PATH}/{decision_id}/evidence", parameters=parameters)
    text = json.dumps(found, indent=2, ensure_ascii=False)
    write_private(output, text)
    typer.echo(f"{output} written; check it with: signalbox decisions check {output} --keys FOLDER")


@decisions.command("check")
def check(
    file: Path,
    keys: Annotated[Path, typer.Option(help="Folder with register.pub and documents.pub.")],
    key_file: KeyFile = None,
) -> None:
    """Verify an evidence file, offline; 1 if anything does not fit, which is named."""
    documents = [f"--documents-key={path}" for path in sorted(keys.glob("documents*.pub"))]
    more = [] if key_file is None else [f"--targeting-key-file={key_file}"]
    arguments = [str(file), f"--key={keys / 'register.pub'}", *documents, *more]
    become("control_plane.decisions.offline", arguments)


@decisions.command("rerun")
def rerun(
    decision_id: str,
    version: Annotated[str | None, typer.Option(help="Another version.")] = None,
    key_file: KeyFile = None,
    attribute: Annotated[list[str] | None, typer.Option(help="NAME=JSON; all there are.")] = None,
    put: Annotated[
        list[str] | None, typer.Option("--input", help="NAME=JSON, a list with one value a row.")
    ] = None,
    use_defaults: Annotated[
        bool, typer.Option("--use-defaults", help="Stand in for what is in no record.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Run a decision again: as it was, or for another version, person or inputs. Recorded.

    Exit code 1 if the same version on the same inputs does not say the same.
    """
    body: dict[str, Any] = {"version": version, "use_defaults": use_defaults}
    body["inputs"] = _pairs("--input", put or [])
    if attribute:
        body["attributes"] = _pairs("--attribute", attribute)
    if key_file is not None:
        body["targeting_key"] = read_key(key_file)
    found = call("POST", f"{PATH}/{decision_id}/rerun", body, timeout_s=RERUN_TIMEOUT_S)
    show(found, as_json)
    if found["reproduced"] is False:
        raise typer.Exit(ExitCode.FAILURE)


@decisions.command("redact")
def redact(
    reason: Annotated[str, typer.Option(help="Why; it goes into the register.")],
    subject: Annotated[list[str] | None, typer.Option(help="A pseudonym.")] = None,
    key_file: KeyFile = None,
    entity_file: Annotated[
        Path | None, typer.Option(help="File with KIND and id, e.g. customer 4711; - for stdin.")
    ] = None,
    ticket: str | None = None,
    as_json: Json = False,
) -> None:
    """Erase a person: their rows and salts go, every proof stays. Also what is shipped later."""
    body: dict[str, Any] = {"reason": reason, "ticket": ticket, "subjects": subject or []}
    if key_file is not None:
        body["targeting_keys"] = [read_key(key_file)]
    if entity_file is not None:
        kind, _, identifier = read_key(entity_file).partition(" ")
        body["entities"] = [{"kind": kind, "id": identifier}]
    show(call("POST", "/api/v1/lake/erasures", body), as_json)


@decisions.command("erasures")
def list_erasures(as_json: Json = False) -> None:
    """Ordered erasures and whether they are done."""
    columns = ("id", "requested_at", "requested_by", "done_at", "decisions", "reason")
    show(call_all("/api/v1/lake/erasures"), as_json, columns)


@decisions.command("retention")
def retention(
    apply: Annotated[bool, typer.Option("--apply", help="Delete it now.")] = False,
    as_json: Json = False,
) -> None:
    """Which whole days are past their time: a dry run, unless told to delete them."""
    found = call("POST" if apply else "GET", "/api/v1/lake/retention")
    columns = ("part", "day", "files", "rows", "size")
    show(found if as_json else found["expired" if apply else "due"], as_json, columns)
    for note in () if as_json else found.get("notes", ()):
        typer.echo(note)


@decisions.command("compact")
def compact() -> None:
    """Make one file of the many of each settled day; the control plane does it by itself too."""
    become("control_plane.decisions.compact", [])


@decisions.command("verify", context_settings={**PASS_ON, "help_option_names": []})
def verify(context: typer.Context) -> None:
    """Re-derive every registered segment's root from the Parquet files; 1 if any does not fit."""
    become("gateway.shipper", ["verify", *context.args])


def read_key(path: Path) -> str:
    """The one line of a file: a raw key belongs into no list of processes and no history."""
    try:
        text = typer.get_text_stream("stdin").read() if str(path) == "-" else path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path}: expected a file with a targeting key, got {error}", ExitCode.BAD_INPUT)
    return text.removesuffix("\n")


def _pairs(option: str, given: list[str]) -> dict[str, Any]:
    found = {}
    for each in given:
        name, _, text = each.partition("=")
        try:
            found[name] = json.loads(text)
        except ValueError:
            fail(f"{option}: expected NAME=JSON, got {name}=…", ExitCode.BAD_INPUT)
    return found
