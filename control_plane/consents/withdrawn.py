"""Versions whose consent was withdrawn since: nothing may lead to them any more."""

from control_plane.consents.models import ConsentRow
from control_plane.db import ReadSession
from control_plane.registry.history import stable_of
from control_plane.registry.models import VersionRow
from control_plane.registry.service import get_version, list_models


def why_withdrawn(session: ReadSession, version: VersionRow) -> str | None:
    """The withdrawal, in words; None while the consent, or one that replaced it, is in force.

    A version of other data has no consent of a merchant's, and one whose consent was recorded
    on another machine is not known here: neither can be withdrawn here.
    """
    named = version.manifest.get("consent")
    if not named:
        return None
    row = session.get(ConsentRow, named["id"])
    while row is not None and row.replaced_by is not None:
        row = session.get(ConsentRow, row.replaced_by)
    if row is None or row.ended_at is None:
        return None
    return (
        f"{version.version} was trained under consent {named['id']}, which was withdrawn "
        f"{row.ended_at} ({row.ended_reason}): train one under a consent in force"
    )


def serving_withdrawn(session: ReadSession) -> list[str]:
    """Stable versions of which that is so: they go on serving until a person moves them back."""
    stable = (stable_of(session, row.name) for row in list_models(session))
    serving = [get_version(session, version) for version in stable if version is not None]
    return [each.version for each in serving if why_withdrawn(session, each) is not None]
