"""A person out of the consent gate's files: their exclusion is no longer needed to keep them out,
because the redaction's record does."""

from collections.abc import Collection

from training import consent_file, consent_source
from training.settings import Settings


def count(settings: Settings, subjects: Collection[str] | None) -> int:
    """Exclusions of these pseudonyms (None: of everybody), in the own file and in the copy."""
    return _forget(settings, subjects, dry=True)


def erase(settings: Settings, subjects: Collection[str] | None) -> None:
    """Drop them."""
    _forget(settings, subjects, dry=False)


def _forget(settings: Settings, subjects: Collection[str] | None, *, dry: bool) -> int:
    own = consent_file.forget(settings, subjects, dry=dry)
    return own + consent_source.forget(settings, subjects, dry=dry)
