"""Raw targeting keys → the pseudonyms decisions are kept under, in memory only.

What an event or a table keeps of a subject is a digest: it tells whether two are the same,
and neither the key nor the pseudonym can be had from it.
"""

import hashlib
from pathlib import Path

from bentos.contract.errors import ContractError
from bentos.contract.identity import PSEUDONYM_LENGTH, Pseudonymizer, check_targeting_key
from control_plane.errors import NotFoundError

TARGETING_KEY_KIND = "targeting_key"
_DIGEST_CONTEXT = b"signalbox subject v1\n"
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")


def check_subject(subject: str, field: str = "subject") -> str:
    """A pseudonym's form; raises ContractError, which does not repeat what may be a raw key."""
    if len(subject) != PSEUDONYM_LENGTH or not _ALPHABET.issuperset(subject):
        expected = f"a pseudonym of {PSEUDONYM_LENGTH} base32 characters"
        hint = "A targeting key itself goes into the body of a search."
        raise ContractError(field, expected, f"{len(subject)} characters", hint)
    return subject


def subject_digest(subject: str) -> str:
    """SHA-256 hex of a pseudonym, in a context of its own."""
    return hashlib.sha256(_DIGEST_CONTEXT + subject.encode()).hexdigest()


def pseudonym_of(key_file: Path, shop: str, kind: str, identifier: str) -> str:
    """The pseudonym of a raw id. Raises ContractError for what is no id, NotFoundError where this
    control plane does not have the key."""
    check_raw(identifier)
    try:
        key = bytes.fromhex(key_file.read_text().strip())
    except FileNotFoundError as error:
        raise NotFoundError(
            "this control plane has no keys/pseudonym.key; ask by the pseudonym instead"
        ) from error
    return Pseudonymizer("", key).pseudonym(shop, kind, identifier)


def check_raw(identifier: str) -> None:
    """Raises ContractError, which does not repeat the id."""
    try:
        check_targeting_key(identifier)
    except ContractError as error:
        raise ContractError(error.field, error.expected, "another text") from None
