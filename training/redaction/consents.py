"""A person out of the consent gate's files: their exclusion is no longer needed to keep them out,
because the redaction's record does."""

from collections.abc import Collection

from training import consent_file, consent_source
from training.redaction.work import Work
from training.settings import Settings

FILES = {consent_file.FILE: consent_file.forget, consent_source.COPY: consent_source.forget}


def count(settings: Settings, subjects: Collection[str] | None, work: Work) -> None:
    """Note the exclusions of these pseudonyms (None: of everybody), in the own file and in the
    copy."""
    work.found("consents", _forget(settings, subjects, work, dry=True))


def erase(settings: Settings, subjects: Collection[str] | None, work: Work) -> None:
    """Drop them."""
    _forget(settings, subjects, work, dry=False)


def _forget(settings: Settings, subjects: Collection[str] | None, work: Work, *, dry: bool) -> int:
    found = 0
    for name, forget in FILES.items():
        with work.going_through(consent_source.folder(settings) / name, settings.home):
            found += forget(settings, subjects, dry=dry)
    return found
