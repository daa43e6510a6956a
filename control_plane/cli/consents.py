"""``signalbox consents`` and ``signalbox exclusions``."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import Json, fail, show
from control_plane.cli.versions import Reason

consents = typer.Typer(no_args_is_help=True, help="What the merchant consented to, in writing.")
exclusions = typer.Typer(no_args_is_help=True, help="Customers who are left out.")
_CONSENTS = "/api/v1/consents"
_EXCLUSIONS = "/api/v1/exclusions"
COLUMNS = ("id", "purpose", "use", "text_version", "given_by", "given_at", "ended_at")
EXCLUSION_COLUMNS = ("subject", "kind", "reason", "recorded_at")
VERSION_COLUMNS = ("version", "state", "registered_at", "retired_at")
MOST_AT_ONCE = 1000
Ticket = Annotated[str | None, typer.Option(help="Where this was asked for.")]
Shop = Annotated[str | None, typer.Option(help="Another shop than the installation's.")]
Kind = Annotated[str, typer.Option(help="excluded, data_sale or automated_decision.")]
Subjects = Annotated[
    list[str] | None, typer.Option("--subject", help="A customer's pseudonym; repeat.")
]
Customers = Annotated[
    Path | None,
    typer.Option(
        "--customers-file",
        help="Raw customer ids, one a line: no id stands in the shell's history. Only pseudonyms "
        "are kept.",
    ),
]


@consents.command("give")
def give_consent(  # noqa: PLR0913, PLR0917 - a command's options
    purpose: Annotated[list[str], typer.Option(help="recommendations, fraud or pricing; repeat.")],
    text: Annotated[Path, typer.Option(help="File with the text that was agreed to.")],
    text_version: Annotated[str, typer.Option(help="That text's version, such as 2026-11.")],
    given_by: Annotated[str, typer.Option(help="Who of the merchant's gave it, and their office.")],
    document: Annotated[
        str, typer.Option(help="The writing it stands in, and where that is kept.")
    ],
    use: Annotated[
        list[str] | None, typer.Option(help="train (the default) or automated_decision; repeat.")
    ] = None,
    given_at: Annotated[str | None, typer.Option(help="When: RFC 3339; now.")] = None,
    shop: Shop = None,
    ticket: Ticket = None,
    as_json: Json = False,
) -> None:
    """Record a consent for each purpose and use; what is in force for them is replaced."""
    body = {
        "text_version": text_version,
        "text_digest": hashlib.sha256(_read(text)).hexdigest(),
        "given_by": given_by,
        "given_at": given_at,
        "document": document,
        "shop": shop,
        "ticket": ticket,
    }
    pairs = [{"purpose": p, "use": u} for p in purpose for u in use or ["train"]]
    show([call("POST", _CONSENTS, body | pair) for pair in pairs], as_json, COLUMNS)


@consents.command("withdraw")
def withdraw_consent(
    consent: str, reason: Reason, ticket: Ticket = None, as_json: Json = False
) -> None:
    """Nothing is trained under it any more; the answer says how many versions were."""
    body = {"reason": reason, "ticket": ticket}
    show(call("POST", f"{_CONSENTS}/{consent}/withdraw", body), as_json)


@consents.command("list")
def list_consents(
    purpose: Annotated[str | None, typer.Option(help="For this purpose only.")] = None,
    live: Annotated[bool | None, typer.Option(help="Those in force, or those that ended.")] = None,
    as_json: Json = False,
) -> None:
    """All consents, oldest first."""
    asked = {"purpose": purpose, "live": live}
    show(call_all(_CONSENTS, asked), as_json, COLUMNS)


@consents.command("show")
def show_consent(consent: str, as_json: Json = False) -> None:
    """One consent."""
    show(call("GET", f"{_CONSENTS}/{consent}"), as_json)


@consents.command("versions")
def list_versions(consent: str, as_json: Json = False) -> None:
    """Versions trained under it."""
    show(call_all(f"{_CONSENTS}/{consent}/versions"), as_json, VERSION_COLUMNS)


@consents.command("basis")
def show_basis(
    purpose: str,
    use: Annotated[str, typer.Option(help="train or automated_decision.")] = "train",
    shop: Shop = None,
    as_json: Json = False,
) -> None:
    """The consent that is in force now, as training asks for it."""
    asked = {"purpose": purpose, "use": use, "shop": shop}
    show(call("GET", f"{_CONSENTS}/basis", parameters=asked), as_json)


@exclusions.command("add")
def add_exclusions(
    kind: Kind,
    reason: Reason,
    subject: Subjects = None,
    customers_file: Customers = None,
    shop: Shop = None,
    ticket: Ticket = None,
    as_json: Json = False,
) -> None:
    """Leave customers out, from now on."""
    body = {"kind": kind, "reason": reason, "shop": shop, "ticket": ticket}
    found = []
    for part in _parts(subject, customers_file):
        found += call("POST", _EXCLUSIONS, body | part)["exclusions"]
    show(found, as_json, EXCLUSION_COLUMNS)


@exclusions.command("lift")
def lift_exclusions(
    kind: Kind,
    reason: Reason,
    subject: Subjects = None,
    customers_file: Customers = None,
    shop: Shop = None,
    ticket: Ticket = None,
    as_json: Json = False,
) -> None:
    """Leave customers out no longer, for one kind."""
    body = {"kind": kind, "reason": reason, "shop": shop, "ticket": ticket}
    parts = _parts(subject, customers_file)
    lifted = [call("POST", f"{_EXCLUSIONS}/lift", body | part)["lifted"] for part in parts]
    show({"lifted": sum(lifted)}, as_json)


@exclusions.command("list")
def list_exclusions(
    kind: Annotated[str | None, typer.Option(help="Of this kind only.")] = None,
    shop: Shop = None,
    as_json: Json = False,
) -> None:
    """Customers who are left out, by pseudonym."""
    show(call_all(_EXCLUSIONS, {"kind": kind, "shop": shop}), as_json, EXCLUSION_COLUMNS)


@exclusions.command("show")
def show_exclusion(subject: str, shop: Shop = None, as_json: Json = False) -> None:
    """What one customer, by pseudonym, is left out of."""
    show(call("GET", f"{_EXCLUSIONS}/{subject}", parameters={"shop": shop}), as_json)


def _parts(subjects: list[str] | None, file: Path | None) -> list[dict[str, list[str]]]:
    """Bodies of as many as one request takes."""
    lines = [] if file is None else _read(file).decode("utf-8", "replace").splitlines()
    named = {"subjects": subjects or [], "customers": [each for each in lines if each.strip()]}
    parts = [
        {member: names[start : start + MOST_AT_ONCE]}
        for member, names in named.items()
        for start in range(0, len(names), MOST_AT_ONCE)
    ]
    return parts or [{}]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{path}: expected a readable file, got {error.strerror}", ExitCode.BAD_INPUT)
