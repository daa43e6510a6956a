"""``signalbox releases``: plans and their verbs."""

import json
from typing import Annotated, Any

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.lint import COLUMNS as LINT_COLUMNS
from control_plane.cli.output import Json, fail, show
from control_plane.cli.versions import Reason

releases = typer.Typer(no_args_is_help=True, help="Releases: plans and their way to promoted.")
Ticket = Annotated[str | None, typer.Option(help="A reference into your tracker.")]
Expected = Annotated[
    int | None, typer.Option("--expected-revision", help="Refuse if it changed since.")
]
Steps = Annotated[
    list[str] | None,
    typer.Option(
        "--step",
        metavar="WEIGHT[,hold=SECONDS][,sample=SUBJECTS][,gate]",
        help="A canary weight, and what is asked before going on from it; repeat.",
    ),
]
Condition = Annotated[str | None, typer.Option(help="Targeting condition as JSON; null: none.")]
COLUMNS = ("id", "model", "candidate", "state", "step", "weight", "published", "waiting_for")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(releases, name="releases")


@releases.command("create")
def create_release(  # noqa: PLR0913, PLR0917 - a command's options
    model: str,
    candidate: str,
    reason: Reason,
    bootstrap: Annotated[bool, typer.Option("--bootstrap", help="The first version.")] = False,
    shadow: Annotated[bool, typer.Option(help="Shadow before the canary.")] = True,
    step: Steps = None,
    condition: Condition = None,
    ticket: Ticket = None,
    as_json: Json = False,
) -> None:
    """Draft a release."""
    body: dict[str, Any] = {
        "model": model,
        "candidate": candidate,
        "kind": "bootstrap" if bootstrap else "standard",
        "shadow": shadow,
        "condition": _json(condition),
        "reason": reason,
        "ticket": ticket,
    }
    if step:
        body["steps"] = _steps(step)
    show(call("POST", "/api/v1/releases", body), as_json)


@releases.command("list")
def list_releases(
    model: str | None = None, state: str | None = None, as_json: Json = False
) -> None:
    """Releases, newest first."""
    found = call_all("/api/v1/releases", parameters={"model": model, "state": state})
    show(found, as_json, COLUMNS)


@releases.command("show")
def show_release(release: str, as_json: Json = False) -> None:
    """One release."""
    show(call("GET", f"/api/v1/releases/{release}"), as_json)


@releases.command("timeline")
def show_timeline(release: str, as_json: Json = False) -> None:
    """What happened to a release, denied attempts too."""
    columns = ("seq", "at", "actor", "action", "outcome", "state", "weight", "reason", "ticket")
    show(call_all(f"/api/v1/releases/{release}/timeline"), as_json, columns)


@releases.command("edit")
def edit_release(  # noqa: PLR0913, PLR0917 - a command's options
    release: str,
    candidate: str | None = None,
    shadow: Annotated[bool | None, typer.Option("--shadow/--no-shadow")] = None,
    step: Steps = None,
    condition: Condition = None,
    reason: str | None = None,
    ticket: Ticket = None,
    expected_revision: Expected = None,
    as_json: Json = False,
) -> None:
    """Edit a release that has not started: back to draft, approvals void."""
    given = {
        "candidate": candidate,
        "shadow": shadow,
        "steps": _steps(step) if step else None,
        "reason": reason,
        "ticket": ticket,
        "expected_revision": expected_revision,
    }
    body = {name: value for name, value in given.items() if value is not None}
    if condition is not None:
        body["condition"] = _json(condition)
    show(call("PATCH", f"/api/v1/releases/{release}", body), as_json)


def _verb(app: typer.Typer, path: str, verb: str, help_text: str) -> None:
    @app.command(verb, help=help_text)
    def command(
        release: str,
        reason: Reason,
        ticket: Ticket = None,
        expected_revision: Expected = None,
        as_json: Json = False,
    ) -> None:
        order = _order(reason, ticket, expected_revision)
        show(call("POST", f"{path}/{release}/{verb.replace('-', '_')}", order), as_json)


def _weighted_verb(app: typer.Typer, path: str, verb: str, help_text: str) -> None:
    @app.command(verb, help=help_text)
    def command(
        release: str,
        reason: Reason,
        weight: Annotated[float | None, typer.Option(help="Share of the canary, 0 to 1.")] = None,
        ticket: Ticket = None,
        expected_revision: Expected = None,
        as_json: Json = False,
    ) -> None:
        order = _order(reason, ticket, expected_revision, weight=weight)
        show(call("POST", f"{path}/{release}/{verb}", order), as_json)


_VERBS = {
    "submit": "Ask for approval.",
    "approve": "Approve the present content; not your own.",
    "refuse": "Send it back to draft.",
    "start": "Begin: shadow, canary or (bootstrap) promoted.",
    "open-gate": "Let the canary leave a step that asks for a second person's look.",
    "pause": "Hold the canary at its weight.",
    "promote": "Make the candidate the stable version.",
    "rollback": "Go back to the version before; needs no approval.",
    "abort": "Give the release up.",
}
_WEIGHTED = {
    "ramp": "Go to the next step, or to a weight.",
    "lower": "Go back to a smaller weight.",
    "resume": "Go on after a pause.",
}


def _schedule(app: typer.Typer, path: str) -> None:
    @app.command("schedule", help="Start by itself at a time.")
    def command(
        release: str,
        starts_at: Annotated[str, typer.Argument(help="RFC 3339 time.")],
        reason: Reason,
        ticket: Ticket = None,
        expected_revision: Expected = None,
        as_json: Json = False,
    ) -> None:
        order = _order(reason, ticket, expected_revision, starts_at=starts_at)
        show(call("POST", f"{path}/{release}/schedule", order), as_json)


def _preview(app: typer.Typer, path: str) -> None:
    @app.command("preview", help="What a verb would do to the routes, and who would move.")
    def command(
        release: str,
        verb: str,
        weight: Annotated[float | None, typer.Option(help="Share of the canary, 0 to 1.")] = None,
        starts_at: Annotated[str | None, typer.Option(help="RFC 3339 time.")] = None,
        as_json: Json = False,
    ) -> None:
        body = {"verb": verb.replace("-", "_"), "weight": weight, "starts_at": starts_at}
        found = call("POST", f"{path}/{release}/preview", body)
        if as_json:
            show(found, as_json)
            return
        show({name: found[name] for name in ("allowed", "against", "waiting_for")}, as_json)
        show(_moves(found["who_moves"]), as_json)
        show([{"feature": key, **change} for key, change in found["routes"].items()], as_json)
        if found["lint"]:
            show(found["lint"], as_json, LINT_COLUMNS)


def _moves(who_moves: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"model": model, **move, "basis": found["basis"], "of": found["subjects"]}
        for model, found in who_moves.items()
        for move in found["moves"]
    ]


def add_verbs(app: typer.Typer, path: str) -> None:
    """The lifecycle's verbs as commands, of releases or of groups of them."""
    for name, help_text in _VERBS.items():
        _verb(app, path, name, help_text)
    for name, help_text in _WEIGHTED.items():
        _weighted_verb(app, path, name, help_text)
    _schedule(app, path)
    _preview(app, path)


def _order(
    reason: str, ticket: str | None, expected_revision: int | None, **more: Any
) -> dict[str, Any]:
    return {"reason": reason, "ticket": ticket, "expected_revision": expected_revision, **more}


add_verbs(releases, "/api/v1/releases")


def _steps(given: list[str]) -> list[dict[str, Any]]:
    return [_step(text) for text in given]


def _step(text: str) -> dict[str, Any]:
    weight, *asked = text.split(",")
    names = {"hold": "hold_s", "sample": "minimum_sample"}
    try:
        step: dict[str, Any] = {"weight": float(weight)}
        for each in asked:
            name, _, value = each.partition("=")
            if each == "gate":
                step["manual_gate"] = True
            else:
                step[names[name]] = int(value)
    except (KeyError, ValueError):
        wanted = "WEIGHT[,hold=SECONDS][,sample=SUBJECTS][,gate]"
        fail(f"--step: expected {wanted}, got {text}", ExitCode.BAD_INPUT)
    return step


def _json(text: str | None) -> Any:
    if text is None:
        return None
    try:
        return json.loads(text)
    except ValueError as error:
        fail(f"--condition: expected JSON, got {error}", ExitCode.BAD_INPUT)
