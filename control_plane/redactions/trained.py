"""Versions trained on whoever is erased: those training names, and those the register knows.

Shopify's terms ask for deletion; a model remembers what it was trained on. So whoever closes a
request sees which versions are to be retrained or retired, and which of them still serve.
"""

from typing import Any

from sqlalchemy.orm import defer
from sqlmodel import col, select

from bentos.contract.redaction import RedactionRecord
from control_plane.db import ReadSession
from control_plane.redactions.models import RedactionRow
from control_plane.registry.history import stable_versions
from control_plane.registry.models import VersionRow

AT_ONCE = 500


def named_by(session: ReadSession, record: RedactionRecord) -> list[dict[str, str]]:
    """Of training's record, and every registered version whose dataset held the subject."""
    found = {(each.model, each.version) for each in record.versions}
    digests = sorted(record.snapshots)
    for start in range(0, len(digests), AT_ONCE):
        dataset = col(VersionRow.manifest)["dataset"]["digest"].as_string()
        query = select(VersionRow.model, VersionRow.version).where(
            dataset.in_(digests[start : start + AT_ONCE])
        )
        found.update(session.exec(query))
    return [{"model": model, "version": version} for model, version in sorted(found)]


def states_of(session: ReadSession, row: RedactionRow) -> list[dict[str, Any]]:
    """The versions of a request, and what became of each. ``serving``: it answers by default;
    ``state`` is null for one that was never registered here."""
    serving = set(stable_versions(session).values())
    tags = [each["version"] for each in row.versions]
    query = select(VersionRow).options(defer(VersionRow.manifest))  # type: ignore[arg-type]
    known = {
        each.version: each for each in session.exec(query.where(col(VersionRow.version).in_(tags)))
    }
    return [
        {
            **each,
            "state": known[tag].state if (tag := each["version"]) in known else None,
            "registered_at": known[tag].registered_at if tag in known else None,
            "retired_at": known[tag].retired_at if tag in known else None,
            "serving": tag in serving,
        }
        for each in row.versions
    ]
