"""``signalbox people``, ``keys``, ``callers`` and ``sdk-keys``."""

from pathlib import Path
from typing import Annotated, Any

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show
from control_plane.cli.private_file import show_secret

people = typer.Typer(no_args_is_help=True, help="Persons and their roles.")
keys = typer.Typer(no_args_is_help=True, help="API keys of persons and services.")
callers = typer.Typer(no_args_is_help=True, help="Keys of those who call the gateway.")
sdk_keys = typer.Typer(no_args_is_help=True, help="GrowthBook SDK keys.")
Roles = Annotated[list[str], typer.Option("--role", help="A role; repeat.")]
KeyFile = Annotated[
    Path | None, typer.Option("--file", help="Write the key here (0600) instead of printing it.")
]
Subject = Annotated[str, typer.Option(help="The sub of the provider's tokens.")]
Issuer = Annotated[str | None, typer.Option(help="The provider; the one of the settings.")]
PasswordFile = Annotated[
    Path | None, typer.Option("--file", help="Write the password here (0600), print nothing.")
]
ExpiresAt = Annotated[str | None, typer.Option(help="RFC 3339 time.")]


@people.command("create")
def create_person(person: str, role: Roles, name: str | None = None, as_json: Json = False) -> None:
    """Add a person."""
    body = {"id": person, "name": name or person, "roles": role}
    show(call("POST", "/api/v1/people", body), as_json)


@people.command("list")
def list_people(as_json: Json = False) -> None:
    """Everyone."""
    show(call_all("/api/v1/people"), as_json, ("id", "name", "roles", "disabled_at"))


@people.command("show")
def show_person(person: str, as_json: Json = False) -> None:
    """One person."""
    show(call("GET", f"/api/v1/people/{person}"), as_json)


@people.command("roles")
def change_roles(person: str, role: Roles, as_json: Json = False) -> None:
    """Replace a person's roles."""
    show(call("PATCH", f"/api/v1/people/{person}", {"roles": role}), as_json)


@people.command("disable")
def disable_person(person: str, as_json: Json = False) -> None:
    """Shut a person out."""
    show(call("DELETE", f"/api/v1/people/{person}"), as_json)


@people.command("enable")
def enable_person(person: str, as_json: Json = False) -> None:
    """Let a disabled person in again; keys and password they need anew."""
    show(call("POST", f"/api/v1/people/{person}/enable"), as_json)


@people.command("whoami")
def whoami(as_json: Json = False) -> None:
    """Whose key this is and what it may do."""
    show(call("GET", "/api/v1/session"), as_json)


@people.command("review")
def review(as_json: Json = False) -> None:
    """Who has which role since when, and which keys: an access review."""
    found = call("GET", "/api/v1/access-review")
    if as_json:
        show(found, as_json)
        return
    rows = [
        {
            "person": person["id"],
            "disabled_at": person["disabled_at"],
            "role": role,
            "since": since["at"],
            "by": since["by"],
            "keys": sum(key["live"] for key in person["keys"]),
            "last_used_at": max((k["last_used_at"] or "" for k in person["keys"]), default="")
            or None,
        }
        for person in found["people"]
        for role, since in person["roles"].items()
    ]
    show(rows, as_json)


@people.command("sessions")
def list_sessions(person: str, as_json: Json = False) -> None:
    """A person's open sessions; one's own take no permission."""
    show(call_all(f"/api/v1/people/{person}/sessions"), as_json)


@people.command("sign-out")
def sign_out(
    person: str,
    session: Annotated[str | None, typer.Option(help="This one alone, by its id.")] = None,
) -> None:
    """End all sessions of a person, or one of them."""
    there = f"/api/v1/people/{person}/sessions"
    call("DELETE", f"{there}/{session}" if session else there)


@people.command("password-reset")
def reset_password(person: str, file: PasswordFile = None, as_json: Json = False) -> None:
    """Give a person a one-time password; it is shown once and ends their sessions."""
    answer = call("POST", f"/api/v1/people/{person}/password")
    show_secret(answer, "password", file, as_json)


@people.command("link")
def link(person: str, subject: Subject, issuer: Issuer = None, as_json: Json = False) -> None:
    """Let whoever the OpenID provider knows by this subject sign in as the person."""
    body = {"subject": subject, "issuer": issuer}
    show(call("POST", f"/api/v1/people/{person}/identities", body), as_json)


@people.command("unlink")
def unlink(person: str, subject: Subject, issuer: Issuer = None) -> None:
    """End that; the person's sessions end too."""
    call(
        "DELETE",
        f"/api/v1/people/{person}/identities",
        parameters={"subject": subject, "issuer": issuer},
    )


@people.command("identities")
def identities(person: str, as_json: Json = False) -> None:
    """Who the person is to the OpenID provider."""
    columns = ("issuer", "subject", "linked_at", "linked_by")
    show(call_all(f"/api/v1/people/{person}/identities"), as_json, columns)


@keys.command("create")
def create_key(
    person: Annotated[str | None, typer.Option(help="Whose key.")] = None,
    service: Annotated[str | None, typer.Option(help="gateway, fleet or trainer.")] = None,
    name: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="Limit it to this permission; repeat.")
    ] = None,
    expires_at: ExpiresAt = None,
    file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Make a key for a person or a service; it is shown once."""
    if (person is None) == (service is None):
        fail("--person, --service: expected one of them", ExitCode.BAD_INPUT)
    body = {"name": name, "scopes": scope, "expires_at": expires_at}
    whose = f"people/{person}" if person is not None else f"services/{service}"
    _show_key(call("POST", f"/api/v1/{whose}/keys", body), file, as_json)


@keys.command("rotate")
def rotate_key(
    key: str,
    overlap: Annotated[int, typer.Option(help="Seconds the old key stays good.")] = 86_400,
    file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Make a key's successor, by the old one's id; both are good until the old one ends."""
    answer = call("POST", f"/api/v1/keys/{key}/rotate", {"overlap_s": overlap})
    _show_key(answer, file, as_json)


@keys.command("list")
def list_keys(
    person: Annotated[str | None, typer.Option(help="Only theirs.")] = None, as_json: Json = False
) -> None:
    """Keys, without their secrets; one's own take no permission."""
    path = f"/api/v1/people/{person}/keys" if person is not None else "/api/v1/keys"
    holder = ("name",) if person is not None else ("person", "service", "name")
    dates = ("created_at", "expires_at", "revoked_at", "last_used_at")
    show(call_all(path), as_json, ("prefix", *holder, "scopes", *dates))


@keys.command("revoke")
def revoke_key(key: str, as_json: Json = False) -> None:
    """End a key, by its id."""
    show(call("DELETE", f"/api/v1/keys/{key}"), as_json)


@callers.command("create")
def create_caller(  # noqa: PLR0913, PLR0917 - a command's options
    name: str,
    shop: str | None = None,
    model: Annotated[
        list[str] | None, typer.Option(help="A model; repeat. All by default.")
    ] = None,
    scope: Annotated[list[str] | None, typer.Option(help="infer or pin; repeat.")] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="Makes a publishable key for this web page; repeat."),
    ] = None,
    rate: Annotated[int | None, typer.Option(help="Requests per second.")] = None,
    expires_at: ExpiresAt = None,
    file: KeyFile = None,
    as_json: Json = False,
) -> None:
    """Make a caller's key; it is shown once. One with origins may lie in a theme."""
    body = {
        "name": name,
        "shop": shop,
        "models": model or ["*"],
        "scopes": scope or (["browser"] if origin else ["infer"]),
        "origins": origin,
        "rate": rate,
        "expires_at": expires_at,
    }
    _show_key(call("POST", "/api/v1/callers", body), file, as_json)


@callers.command("list")
def list_callers(as_json: Json = False) -> None:
    """All callers."""
    columns = ("id", "name", "models", "scopes", "origins", "rate", "expires_at", "revoked_at")
    show(call_all("/api/v1/callers"), as_json, columns)


@callers.command("show")
def show_caller(caller: str, as_json: Json = False) -> None:
    """One caller."""
    show(call("GET", f"/api/v1/callers/{caller}"), as_json)


@callers.command("revoke")
def revoke_caller(caller: str, as_json: Json = False) -> None:
    """End a caller's key."""
    show(call("DELETE", f"/api/v1/callers/{caller}"), as_json)


@sdk_keys.command("create")
def create_sdk_key(
    name: str,
    model: Annotated[list[str], typer.Option(help="A model; repeat.")],
    kind: Annotated[str, typer.Option(help="public or server.")] = "public",
    as_json: Json = False,
) -> None:
    """Make an SDK key; it is shown once."""
    body = {"name": name, "kind": kind, "models": model}
    _show_key(call("POST", "/api/v1/sdk-keys", body), None, as_json)


@sdk_keys.command("list")
def list_sdk_keys(as_json: Json = False) -> None:
    """All SDK keys."""
    columns = ("id", "name", "kind", "models", "created_at", "revoked_at")
    show(call_all("/api/v1/sdk-keys"), as_json, columns)


@sdk_keys.command("revoke")
def revoke_sdk_key(key: str, as_json: Json = False) -> None:
    """End an SDK key, by its id."""
    show(call("DELETE", f"/api/v1/sdk-keys/{key}"), as_json)


def _show_key(answer: dict[str, Any], file: Path | None, as_json: bool) -> None:
    show_secret(answer, "key", file, as_json)
