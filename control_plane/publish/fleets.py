"""What fleets are asked to run, and what they say runs."""

from typing import Any

from sqlmodel import select

from bentos.contract.documents import DocumentName
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.config import Settings
from control_plane.db import ReadSession, WriteSession
from control_plane.principal import Principal
from control_plane.publish import features
from control_plane.publish.archive import bodies_since
from control_plane.publish.models import FleetRow
from control_plane.registry.models import VersionRow
from control_plane.releases.kills import active_kills
from control_plane.releases.routes import mirrored_versions, wanted_versions


def desired_workers(session: ReadSession, settings: Settings) -> list[dict[str, Any]]:
    """Versions to keep running, each with its model, bento digest, replicas and priority.

    A version stays for ``drain_s`` after the last published route that named it: gateways
    may still be answering with it.
    """
    wanted = wanted_versions(session)
    # A version that no caller hears from yields the processor to those that answer.
    live = wanted - mirrored_versions(session) | {k.version for k in active_kills(session)}
    since = clock.later(-settings.drain_s)
    for routes in bodies_since(session, DocumentName.ROUTES, since):
        for feature in routes.features.values():
            wanted |= features.versions_in(feature)
            live |= features.served_in(feature)
    wanted |= live
    rows = (session.get(VersionRow, version) for version in sorted(wanted))
    return [
        {
            "version": row.version,
            "model": row.model,
            "bento_digest": row.bento_digest,
            "replicas": settings.fleet_replicas,
            "priority": "live" if row.version in live else "shadow",
        }
        for row in rows
        if row is not None
    ]


def report_changes(session: ReadSession, fleet: str, versions: dict[str, Any]) -> bool:
    """Whether a report says anything new."""
    row = session.get(FleetRow, fleet)
    return row is None or row.versions != versions


def take_report(
    session: WriteSession, principal: Principal, fleet: str, versions: dict[str, Any]
) -> None:
    """Replace what is known of a fleet by its whole present state."""
    row = session.get(FleetRow, fleet)
    before = None if row is None else row.versions
    if row is not None and before == versions:
        return
    row = row or FleetRow(fleet=fleet, versions=versions, at=clock.now())
    row.versions, row.at = versions, clock.now()
    session.add(row)
    session.flush()
    change = Change(
        action=Action.ENDPOINTS_REPORT, entity=f"fleet:{fleet}", before=before, after=versions
    )
    record(session, principal, change)


def ready_addresses(session: ReadSession) -> dict[str, tuple[str, ...]]:
    """Version → addresses of its workers, over all fleets; only versions that are ready."""
    found: dict[str, set[str]] = {}
    for row in session.exec(select(FleetRow)):
        for version, report in row.versions.items():
            if report["ready"] and report["addresses"]:
                found.setdefault(version, set()).update(report["addresses"])
    # Not the rows: each holds a manifest of kilobytes.
    registered = set(session.exec(select(VersionRow.version)))
    return {version: tuple(sorted(found[version])) for version in sorted(found.keys() & registered)}
