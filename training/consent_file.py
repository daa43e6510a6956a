"""Consents of a machine without a control plane: given on its command line, kept in one file.

It is a declaration of whoever trains, as binding as the writing it names. Once there is a control
plane, ``python -m training consent register`` takes it there and this file counts no more.
"""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import msgspec

from bentos.contract import canonical
from bentos.contract.training_consent import (
    OUT_OF_TRAINING,
    ConsentRef,
    ExclusionKind,
    Purpose,
    Use,
    check_text,
)
from training import consent_seal
from training.errors import ConsentError
from training.settings import Settings

FILE = "consents.json"


class OwnConsent(msgspec.Struct, frozen=True, kw_only=True):
    """One consent, as the control plane's API takes it; in force until ``withdrawn_at``."""

    id: str
    shop: str
    purpose: Purpose
    text_version: str
    text_digest: str
    given_by: str
    given_at: str
    document: str
    use: Use = Use.TRAIN
    withdrawn_at: str | None = None

    def ref(self) -> ConsentRef:
        """As manifests name it."""
        return ConsentRef(
            id=self.id,
            purpose=self.purpose,
            use=self.use,
            text_version=self.text_version,
            text_digest=self.text_digest,
            given_at=self.given_at,
        )


class OwnExclusion(msgspec.Struct, frozen=True, kw_only=True):
    """One customer who is left out, by pseudonym under the key ``key_id``."""

    shop: str
    subject: str
    kind: ExclusionKind
    key_id: str


class OwnRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file; the last consent of a purpose that was not withdrawn is in force."""

    consents: tuple[OwnConsent, ...] = ()
    exclusions: tuple[OwnExclusion, ...] = ()

    def live(self, shop: str) -> tuple[OwnConsent, ...]:
        """Consents in force, one for each purpose."""
        latest = {each.purpose: each for each in self.consents if each.shop == shop}
        return tuple(each for each in latest.values() if each.withdrawn_at is None)

    def left_out(self, shop: str) -> tuple[str, ...]:
        """Pseudonyms whose rows are in no training."""
        kept = {e.subject for e in self._of(shop) if e.kind in OUT_OF_TRAINING}
        return tuple(sorted(kept))

    def key_ids(self, shop: str) -> tuple[str, ...]:
        """Keys those pseudonyms were made with."""
        return tuple(sorted({e.key_id for e in self._of(shop) if e.kind in OUT_OF_TRAINING}))

    def _of(self, shop: str) -> list[OwnExclusion]:
        return [each for each in self.exclusions if each.shop == shop]


def path(settings: Settings) -> Path:
    """Where the file lies."""
    return consent_seal.folder(settings) / FILE


def load(settings: Settings) -> OwnRecord:
    """What is kept; nothing without a file. Raises ContractError for one that was tampered with."""
    found = consent_seal.read(settings, FILE)
    return OwnRecord() if found is None else msgspec.convert(found, OwnRecord)


def give(settings: Settings, plan: OwnConsent) -> OwnConsent:
    """Keep a consent; it takes the place of the one in force. The very same again changes nothing.

    Its id comes from what it says. Raises ConsentError for one that was withdrawn.
    """
    check_text(plan.text_version, plan.text_digest)
    dated = msgspec.structs.replace(plan, id="", given_at=_moment(plan.given_at))
    given = msgspec.structs.replace(dated, id=str(uuid5(NAMESPACE_OID, canonical.digest(dated))))
    kept = load(settings)
    if given in kept.consents:
        return given
    if any(each.id == given.id for each in kept.consents):
        expected = "a consent given anew, at a time of its own"
        raise ConsentError("--given-at", expected, f"one that was withdrawn, {given.id}")
    _save(settings, msgspec.structs.replace(kept, consents=(*kept.consents, given)))
    return given


def withdraw(settings: Settings, consent_id: str) -> OwnConsent:
    """End a consent; raises ConsentError where none of this id is in force."""
    kept = load(settings)
    ended: OwnConsent | None = None
    consents = []
    for each in kept.consents:
        if each.id == consent_id and each.withdrawn_at is None:
            each = ended = msgspec.structs.replace(each, withdrawn_at=_moment(""))  # noqa: PLW2901
        consents.append(each)
    if ended is None:
        raise ConsentError("consent", "the id of a consent in force", consent_id)
    _save(settings, msgspec.structs.replace(kept, consents=tuple(consents)))
    return ended


def exclude(settings: Settings, exclusions: tuple[OwnExclusion, ...]) -> int:
    """Leave customers out from now on; how many were not yet."""
    kept = load(settings)
    new = tuple(each for each in dict.fromkeys(exclusions) if each not in kept.exclusions)
    _save(settings, msgspec.structs.replace(kept, exclusions=kept.exclusions + new))
    return len(new)


def forget(settings: Settings, subjects: Collection[str] | None, *, dry: bool = False) -> int:
    """Drop the exclusions of pseudonyms that were erased (None: of all); how many there are
    (``dry``: and leave them)."""
    kept = load(settings)
    left = tuple(
        each for each in kept.exclusions if subjects is not None and each.subject not in subjects
    )
    gone = len(kept.exclusions) - len(left)
    if gone and not dry:
        _save(settings, msgspec.structs.replace(kept, exclusions=left))
    return gone


def _save(settings: Settings, record: OwnRecord) -> None:
    consent_seal.write(settings, FILE, msgspec.to_builtins(record))


def _moment(text: str) -> str:
    """RFC 3339 with an offset, in UTC with microseconds; now for none. Raises ConsentError."""
    try:
        moment = datetime.fromisoformat(text) if text else datetime.now(UTC)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - has no zone, so it is refused below
    if moment.tzinfo is None:
        raise ConsentError("--given-at", "RFC 3339 with an offset or Z", text)
    if moment > datetime.now(UTC):
        raise ConsentError("--given-at", "a time that has come", text)
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
