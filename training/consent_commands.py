"""``python -m training consent``: consents of a machine that has no control plane."""

import hashlib
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from bentos.contract.errors import ContractError
from bentos.contract.training_consent import CUSTOMER, ExclusionKind, Purpose, customer_id
from training import consent_file, consent_source
from training.consent_file import OwnConsent, OwnExclusion
from training.errors import ConsentError
from training.pseudonyms import KEY_FILE, load_key
from training.register import read_key
from training.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Consents of a machine without a control plane.")


@app.command("give")
def give(
    *,
    purpose: Annotated[list[str], typer.Option(help="recommendations, fraud, pricing; repeat.")],
    text: Annotated[Path, typer.Option(help="File with the text that was agreed to.")],
    text_version: Annotated[str, typer.Option(help="That text's version, such as 2026-11.")],
    given_by: Annotated[str, typer.Option(help="Who of the merchant's gave it, and their office.")],
    document: Annotated[str, typer.Option(help="The writing it stands in, and where it is kept.")],
    given_at: Annotated[str, typer.Option(help="When: RFC 3339; now.")] = "",
) -> None:
    """Record the merchant's written consent to train, for each purpose."""
    settings = Settings()
    _refuse_beside_control_plane(settings)
    if not text.is_file():
        raise ContractError("--text", "a readable file", str(text))
    plans = [
        OwnConsent(
            id="",
            shop=settings.shop,
            purpose=_purpose(each),
            text_version=text_version,
            text_digest=hashlib.sha256(text.read_bytes()).hexdigest(),
            given_by=given_by,
            given_at=given_at,
            document=document,
        )
        for each in purpose
    ]
    _print([consent_file.give(settings, plan) for plan in plans])


@app.command("list")
def list_own() -> None:
    """All of them, also those withdrawn, and whom is left out."""
    _print(consent_file.load(Settings()))


@app.command("withdraw")
def withdraw(consent: str) -> None:
    """Train under it no more."""
    _print(consent_file.withdraw(Settings(), consent))


@app.command("exclude")
def exclude(
    *,
    kind: Annotated[str, typer.Option(help="excluded, data_sale or automated_decision.")],
    customers_file: Annotated[Path, typer.Option(help="Raw customer ids, one a line.")],
) -> None:
    """Leave customers out; their pseudonyms alone are kept."""
    settings = Settings()
    _refuse_beside_control_plane(settings)
    if kind not in list(ExclusionKind):
        raise ContractError("--kind", f"one of {[each.value for each in ExclusionKind]}", kind)
    key = load_key(settings.keys / KEY_FILE)
    name = key.namer(settings.shop, CUSTOMER)
    found = tuple(
        OwnExclusion(
            shop=settings.shop,
            subject=name(customer_id(line)),
            kind=ExclusionKind(kind),
            key_id=key.key_id,
        )
        for line in customers_file.read_text("utf-8").splitlines()
        if line.strip()
    )
    _print({"left out": len(found), "new": consent_file.exclude(settings, found)})


@app.command("register")
def register(
    *,
    key_file: Annotated[Path, typer.Option(help="Key of a person who may give consents.")],
    control_plane: Annotated[str, typer.Option(help="Its address.")] = consent_source.DEFAULT_URL,
) -> None:
    """Take them to a control plane, under the same ids; again changes nothing."""
    from training.consent_desk import tell_control_plane  # noqa: PLC0415 - HTTP

    settings = Settings()
    kept = consent_file.load(settings)
    live = kept.live(settings.shop)
    told = tell_control_plane(control_plane, read_key(key_file), live, kept.exclusions)
    _print({"registered": told, "left out": len(kept.exclusions)})


def _refuse_beside_control_plane(settings: Settings) -> None:
    if consent_source.has_control_plane(settings):
        raise ConsentError(
            "consent",
            "the control plane to record it",
            "a file beside it",
            "Use signalbox consents and signalbox exclusions.",
        )


def _purpose(text: str) -> Purpose:
    known = [each.value for each in Purpose]
    if text not in known:
        raise ContractError("--purpose", f"one of {known}", text)
    return Purpose(text)


def _print(record: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
