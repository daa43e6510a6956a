"""What is answered about consents and customers who are left out."""

from typing import Annotated, Any

from bentos.contract.training_consent import ExclusionKind, Purpose, Use
from control_plane.answer import Answer, Digest, Moment, Shown


class ConsentOut(Answer):
    """A consent of the merchant, for one purpose and one use."""

    id: str
    shop: str
    purpose: Purpose
    use: Use
    text_version: str
    text_digest: Digest
    """Of the words that were consented to."""
    given_by: str
    given_at: Moment
    document: str
    """In which writing."""
    recorded_at: Moment
    recorded_by: str
    ended_at: Moment | None
    """Null: it is in force."""
    ended_by: str | None
    ended_reason: str | None
    replaced_by: str | None
    """What took its place; null: nothing, or it was withdrawn."""


class WithdrawnOut(ConsentOut):
    """A consent that was withdrawn just now."""

    trained: int
    """How many versions were trained under it."""


class BasisOut(Answer):
    """The consent in force at this moment."""

    shop: str
    purpose: Purpose
    use: Use
    at: Moment
    consent: ConsentOut | None
    """Null: there is none, and nothing may be done."""
    pseudonym_key_id: str | None
    """Fingerprint of the key that the exclusions' pseudonyms were made with."""


class ExclusionOut(Answer):
    """A customer who is left out, by pseudonym."""

    shop: str
    subject: str
    """Of somebody who was erased since, the SHA-256 of it."""
    kind: ExclusionKind
    key_id: str | None
    """Of the key the pseudonym was made with, where it was made here."""
    reason: str
    recorded_at: Moment
    recorded_by: str


class ExclusionsOut(Answer):
    """Who was left out by a request, or was already."""

    exclusions: list[ExclusionOut]


class LiftedOut(Answer):
    """How many are left out no longer."""

    lifted: int


class CustomerOut(Answer):
    """What one customer is left out of."""

    subject: str
    kinds: list[ExclusionKind]
    may_train: bool
    may_decide: bool


Consent = Annotated[dict[str, Any], Shown(ConsentOut)]
Withdrawn = Annotated[dict[str, Any], Shown(WithdrawnOut)]
Basis = Annotated[dict[str, Any], Shown(BasisOut)]
Exclusion = Annotated[dict[str, Any], Shown(ExclusionOut)]
Exclusions = Annotated[dict[str, Any], Shown(ExclusionsOut)]
Lifted = Annotated[dict[str, Any], Shown(LiftedOut)]
Customer = Annotated[dict[str, Any], Shown(CustomerOut)]
