"""Where consents are asked for: at the control plane, or in this machine's own file.

Fails closed. With a control plane only its word counts: where it is out of reach, the sealed copy
of its last answer does, for as long as ``consent_copy_max_age_s`` says and no longer.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.training_consent import ConsentRef
from training import consent_file, consent_seal
from training.errors import ConsentError
from training.settings import Settings

COPY = "control-plane.json"
DEFAULT_URL = "http://127.0.0.1:8081"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Consents in force (purpose → consent) and pseudonyms that are left out, at one moment."""

    shop: str
    consents: dict[str, ConsentRef]
    left_out: tuple[str, ...]
    key_ids: tuple[str, ...]
    asked_at: str
    asked_of: str


def has_control_plane(settings: Settings) -> bool:
    """Whether there is one to ask: it is named, or this home has its trainer's key."""
    return bool(settings.control_plane_url) or (settings.trainer_key).is_file()


def ask(settings: Settings) -> Answer:
    """The consents of this moment; raises ConsentError where nobody can tell."""
    if not has_control_plane(settings):
        return _own(settings)
    from training.consent_desk import UnreachableError, ask_control_plane  # noqa: PLC0415 - HTTP

    url = settings.control_plane_url or DEFAULT_URL
    try:
        answer = ask_control_plane(url, settings.trainer_key, settings.shop)
    except UnreachableError as error:
        return _copied(settings, url, str(error))
    consent_seal.write(settings, COPY, msgspec.to_builtins(answer))
    return answer


def _own(settings: Settings) -> Answer:
    kept = consent_file.load(settings)
    return Answer(
        shop=settings.shop,
        consents={each.purpose.value: each.ref() for each in kept.live(settings.shop)},
        left_out=kept.left_out(settings.shop),
        key_ids=kept.key_ids(settings.shop),
        asked_at=_now(),
        asked_of=f"{consent_file.path(settings).name} of this machine",
    )


def _copied(settings: Settings, url: str, problem: str) -> Answer:
    """The copy, if it is of this shop and young enough; raises ConsentError."""
    expected = f"an answer of the control plane at {url}"
    hint = "Start it, or set SIGNALBOX_CONTROL_PLANE_URL."
    try:
        found = consent_seal.read(settings, COPY)
        answer = None if found is None else msgspec.convert(found, Answer)
    except (ContractError, msgspec.ValidationError) as error:
        got = f"a copy this installation did not seal so; {problem}"
        raise ConsentError("consent", expected, got, hint) from error
    if answer is None or answer.shop != settings.shop:
        raise ConsentError("consent", expected, problem, hint)
    age = (datetime.now(UTC) - datetime.fromisoformat(answer.asked_at)).total_seconds()
    longest = settings.consent_copy_max_age_s
    if not 0 <= age <= longest:
        got = f"one {age:.0f} s old, good for {longest:.0f} s; {problem}"
        raise ConsentError("consent", expected, got, hint)
    return msgspec.structs.replace(answer, asked_of=f"a copy of what {answer.asked_of} said")


def forget(settings: Settings, subjects: Collection[str] | None, *, dry: bool = False) -> int:
    """Drop pseudonyms that were erased (None: all) from the copy; how many there are (``dry``: and
    leave them). A copy this installation did not seal counts for nothing and is removed."""
    try:
        found = consent_seal.read(settings, COPY)
        answer = None if found is None else msgspec.convert(found, Answer)
    except (ContractError, msgspec.ValidationError):
        if not dry:
            (folder(settings) / COPY).unlink()
        return 1
    if answer is None:
        return 0
    left = tuple(each for each in answer.left_out if subjects is not None and each not in subjects)
    gone = len(answer.left_out) - len(left)
    if gone and not dry:
        shorter = msgspec.structs.replace(answer, left_out=left)
        consent_seal.write(settings, COPY, msgspec.to_builtins(shorter))
    return gone


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def folder(settings: Settings) -> Path:
    """Where consents lie on this machine."""
    return consent_seal.folder(settings)
