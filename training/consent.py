"""On which basis orders may be used: what a public set declares, or the merchant's consents.

Nothing is read before. What a mapping declares counts for the sets that come along; a merchant's
own data takes recorded consents, whatever a file of theirs or ``--consent-basis`` says.
"""

from collections.abc import Iterable

import msgspec

from bentos.contract import canonical
from bentos.contract.training_consent import ConsentRef, Purpose
from training import consent_source
from training import mapping as mappings
from training.errors import ConsentError
from training.mapping import Mapping
from training.settings import Settings

GIVE = (
    "signalbox consents give --purpose {purposes} --text FILE --text-version V --given-by WHO "
    "--document WHICH (docs/consent.md)"
)
GIVE_LOCALLY = GIVE.replace("signalbox consents give", "python -m training consent give")


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done with the orders of one source.

    ``own_data``: a merchant's own, so ``consents`` (purpose → consent in force) decide.
    ``left_out`` are pseudonyms under the keys ``key_ids``. ``asked_at`` is RFC 3339 UTC.
    """

    own_data: bool
    basis: str
    consents: dict[str, ConsentRef] = {}
    left_out: frozenset[str] = frozenset()
    key_ids: frozenset[str] = frozenset()
    asked_at: str | None = None
    asked_of: str = "the mapping"

    def digest(self) -> str:
        """Of what lines depend on: another consent or another customer left out, other lines."""
        ids = {purpose: consent.id for purpose, consent in self.consents.items()}
        return canonical.digest(
            {"basis": self.basis, "consents": ids, "out": sorted(self.left_out)}
        )

    def check_key(self, key_id: str) -> None:
        """Raise ConsentError where customers are left out by pseudonyms of another key: they
        would be found in no order."""
        others = self.key_ids - {key_id}
        if others:
            raise ConsentError(
                "keys/pseudonym.key",
                f"the key customers are left out by, {sorted(others)}",
                key_id,
                "Copy keys/pseudonym.key of the control plane's home, or enter them again.",
            )


def admit(
    settings: Settings, mapping: Mapping, stated: str | None, purposes: Iterable[str] = ()
) -> Admission:
    """Ask for the consents of this moment; raises ConsentError for a purpose that has none, or
    when none at all is in force. ``stated`` adds words to the basis; it is no consent."""
    declared = mapping.consent_basis if is_included(mapping) else None
    if declared is not None:
        return Admission(own_data=False, basis=(stated or declared).strip())
    return admit_own(settings, stated, purposes)


def admit_own(settings: Settings, stated: str | None, purposes: Iterable[str] = ()) -> Admission:
    """The same for what is a merchant's own for certain, as a synced shop is."""
    answer = consent_source.ask(settings)
    wanted = sorted(set(purposes))
    missing = [purpose for purpose in wanted if purpose not in answer.consents]
    if missing or not answer.consents:
        raise _refusal(settings, answer, missing or [each.value for each in Purpose])
    return Admission(
        own_data=True,
        basis=basis_text(answer.consents, stated),
        consents=answer.consents,
        left_out=frozenset(answer.left_out),
        key_ids=frozenset(answer.key_ids),
        asked_at=answer.asked_at,
        asked_of=answer.asked_of,
    )


def basis_text(consents: dict[str, ConsentRef], stated: str | None) -> str:
    """Consents in words, with what was stated beside them."""
    named = [consents[purpose].basis() for purpose in sorted(consents)]
    return "; ".join([*named, f"stated: {stated.strip()}"] if stated and stated.strip() else named)


def is_included(mapping: Mapping) -> bool:
    """Whether a mapping is one of those that come along, to the letter."""
    return mapping.name in mappings.included() and mappings.load(mapping.name) == mapping


def _refusal(settings: Settings, answer: consent_source.Answer, missing: list[str]) -> ConsentError:
    give = GIVE if consent_source.has_control_plane(settings) else GIVE_LOCALLY
    return ConsentError(
        "consent",
        f"the merchant's consent to train {', '.join(missing)} on data of {settings.shop}",
        f"none in force, says {answer.asked_of} at {answer.asked_at}",
        "Give it: " + give.format(purposes=" --purpose ".join(missing)),
    )
