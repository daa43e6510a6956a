"""``signalbox audit``: read what was done, check that nothing of it was changed, prove it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from control_plane.audit.offline.notes import Unproven, parse_checkpoint, parse_note
from control_plane.cli.api import call, call_for_text, download
from control_plane.cli.audit_questions import add_questions
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show
from control_plane.cli.processes import become
from control_plane.cli.witness import witness

audit = typer.Typer(no_args_is_help=True, help="The register of every change and denial.")
audit.add_typer(witness, name="witness")
add_questions(audit)
API = "/api/v1/register"
VERIFY_TIMEOUT_S = 1800.0
EXPORT_TIMEOUT_S = 300.0
Actor = Annotated[str | None, typer.Option(help="Who acted.")]
Entity = Annotated[str | None, typer.Option(help="E.g. release:<id>.")]
Model = Annotated[str | None, typer.Option(help="Itself, its versions, releases and kills.")]
Action = Annotated[str | None, typer.Option(help="E.g. release:approve; release: for all verbs.")]
Outcome = Annotated[str | None, typer.Option(help="allowed or denied.")]
Since = Annotated[str | None, typer.Option(help="RFC 3339 time, included.")]
Until = Annotated[str | None, typer.Option(help="RFC 3339 time, not included.")]


@audit.command("list")
def list_events(  # noqa: PLR0913, PLR0917 - one parameter an option
    actor: Actor = None,
    entity: Entity = None,
    model: Model = None,
    action: Action = None,
    outcome: Outcome = None,
    since: Since = None,
    until: Until = None,
    after: Annotated[int | None, typer.Option(help="Only events after this number.")] = None,
    before: Annotated[int | None, typer.Option(help="Only events before this number.")] = None,
    newest_first: Annotated[bool, typer.Option("--newest-first")] = False,
    limit: int = 100,
    as_json: Json = False,
) -> None:
    """Events, oldest first; the next page is --after the last number."""
    wanted = _question(actor, entity, model, action, outcome, since, until)
    wanted |= {"after": after, "before": before, "limit": limit, "newest_first": newest_first}
    events = call("GET", f"{API}/events", parameters=wanted)
    if not as_json:
        events = [{**event, "actor": event["actor"]["id"]} for event in events]
    show(events, as_json, ("seq", "at", "actor", "action", "entity", "outcome", "reason"))


@audit.command("verify")
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An export or a proof: checked here, offline.")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="With FILE: register.pub or the log's vkey.")
    ] = None,
    signed_by: Annotated[
        list[str], typer.Option("--witness", help="With FILE: a vkey that must have signed.")
    ] = [],  # noqa: B006 - typer copies it
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint you kept: must still be in the register.")
    ] = None,
    size: Annotated[int | None, typer.Option(help="Size found by an earlier verify.")] = None,
    root: Annotated[str | None, typer.Option(help="Root found by an earlier verify.")] = None,
    as_json: Json = False,
) -> None:
    """Re-derive the whole register, or check a file; exit code 1 if anything does not fit."""
    if file is not None:
        if key is None:
            fail("--key: expected register.pub or a vkey beside a file", ExitCode.BAD_INPUT)
        witnesses = [word for each in signed_by for word in ("--witness", each)]
        become("control_plane.audit.offline", [str(file), "--key", key, *witnesses])
    anchor: dict[str, Any] = {"size": size, "root": root}
    if checkpoint is not None:
        anchor = _read_checkpoint(checkpoint)
    result = call("GET", f"{API}/verify", parameters=anchor, timeout_s=VERIFY_TIMEOUT_S)
    show(result, as_json)
    if not result["ok"]:
        raise typer.Exit(ExitCode.FAILURE)


@audit.command("export")
def export(  # noqa: PLR0913, PLR0917 - one parameter an option
    out: Annotated[Path, typer.Option(help="The zip to write.")],
    form: Annotated[str, typer.Option(help="jsonl, csv or parquet.")] = "jsonl",
    first: Annotated[int, typer.Option(help="First event.")] = 1,
    last: Annotated[int | None, typer.Option(help="Last event; the newest by default.")] = None,
    actor: Actor = None,
    entity: Entity = None,
    model: Model = None,
    action: Action = None,
    outcome: Outcome = None,
    since: Since = None,
    until: Until = None,
    as_json: Json = False,
) -> None:
    """Events with checkpoint and proof in one zip, which verifies offline."""
    wanted = _question(actor, entity, model, action, outcome, since, until)
    wanted |= {"form": form, "first": first, "last": last}
    body = {name: value for name, value in wanted.items() if value is not None}
    written = download(f"{API}/exports", body, out, EXPORT_TIMEOUT_S)
    show({"file": str(out), "bytes": written}, as_json)


@audit.command("prove")
def prove(
    seq: Annotated[int, typer.Argument(help="The event's number.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write; event-<n>.tlog-proof by default.")
    ] = None,
) -> None:
    """One event's proof (c2sp.org/tlog-proof@v1), which verifies offline."""
    path = out or Path(f"event-{seq}.tlog-proof")
    text = call_for_text(f"{API}/proofs/{seq}")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        fail(f"{path}: expected a writable file, got {error.strerror}", ExitCode.BAD_INPUT)
    typer.echo(str(path))


@audit.command("checkpoint")
def get_checkpoint(
    sign: Annotated[bool, typer.Option("--sign", help="Have the register signed now.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write the note there.")] = None,
    as_json: Json = False,
) -> None:
    """The newest signed checkpoint, the keys it verifies with, and how far it is behind."""
    told = call("POST" if sign else "GET", f"{API}/checkpoint")
    if out is not None:
        try:
            out.write_text(told["note"], encoding="utf-8")
        except OSError as error:
            fail(f"{out}: expected a writable file, got {error.strerror}", ExitCode.BAD_INPUT)
    show(told, as_json)


def _question(
    actor: str | None,
    entity: str | None,
    model: str | None,
    action: str | None,
    outcome: str | None,
    since: str | None,
    until: str | None,
) -> dict[str, Any]:
    names = ("actor", "entity", "model", "action", "outcome", "since", "until")
    values = (actor, entity, model, action, outcome, since, until)
    return dict(zip(names, values, strict=True))


def _read_checkpoint(path: Path) -> dict[str, Any]:
    try:
        found = parse_checkpoint(parse_note(path.read_text(encoding="utf-8")).text)
    except (OSError, UnicodeError, Unproven) as error:
        fail(f"{path}: expected a checkpoint, got {error}", ExitCode.BAD_INPUT)
    return {"size": found.size, "root": found.root.hex()}
