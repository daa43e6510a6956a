"""Compiles the five documents from the tables: what gateways should be served now.

A route or kill that names a version no fleet reports ready is held back for that model
alone, which keeps what was last published for it; all other models go on. A version that
is named in what is published already holds nothing back: routes are not withdrawn when a
worker dies, the gateway falls back.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from typing import Any

from bentos.contract.documents import (
    DocumentName,
    EndpointsBody,
    KillBody,
    KillEntry,
    RoutesBody,
)
from bentos.contract.route import compile_feature, feature_key
from control_plane.db import ReadSession
from control_plane.follow.queries import followed_features
from control_plane.publish import features
from control_plane.publish.archive import Served
from control_plane.publish.fleets import ready_addresses
from control_plane.publish.keys import keys_body
from control_plane.publish.schemas_document import SCHEMAS
from control_plane.releases.kills import active_kills
from control_plane.releases.models import KillRow
from control_plane.releases.routes import desired_routes, moving_together


@dataclass
class Desired:
    """Bodies by name. ``held``: model → versions its route or kill waits for."""

    bodies: dict[DocumentName, Any] = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)

    def hold(self, model: str, missing: set[str]) -> None:
        """Note that a model waits for versions to become ready."""
        self.held.setdefault(model, set()).update(missing)


def compile_desired(session: ReadSession, served: Served) -> Desired:
    """All five documents, in the order they are published: addresses before the routes that need
    them, and a kill's end after the routes it leads back to (its beginning: ``tightened``)."""
    desired = Desired()
    addresses = ready_addresses(session)
    routes = _routes(session, desired, addresses, served.routes)
    desired.bodies[DocumentName.SCHEMAS] = SCHEMAS.of(session, served.routes)
    desired.bodies[DocumentName.KEYS] = keys_body(session)
    desired.bodies[DocumentName.ENDPOINTS] = EndpointsBody(versions=addresses)
    desired.bodies[DocumentName.ROUTES] = routes
    desired.bodies[DocumentName.KILL] = _kills(session, desired, served.kill, routes)
    return desired


def tightened(session: ReadSession, served: Served, addresses: Container[str]) -> KillBody:
    """The kill document in force with new kills added to it, as far as their versions run.

    Nothing is taken out here: traffic may come back only onto routes that were published before.
    """
    published = served.kill.models
    entries = dict(published)
    for row in active_kills(session):
        known = entries.get(row.model)
        if (known is None or known.id != row.id) and _runs(row, addresses, served.routes):
            entries[row.model] = _kill_entry(row, features.serving(served.routes.features))
    return KillBody(models=entries)


def rerouted(session: ReadSession, served: Served, addresses: Container[str]) -> RoutesBody:
    """The routes as the tables want them, as far as the addresses in force allow."""
    return _routes(session, Desired(), addresses, served.routes)


def _routes(
    session: ReadSession, desired: Desired, ready: Container[str], published: RoutesBody
) -> RoutesBody:
    wanted = {route.model: compile_feature(route) for route in desired_routes(session)}
    wanted |= followed_features(session)
    news = {}
    for model, feature in wanted.items():
        last = published.features.get(feature_key(model))
        known = features.versions_in(last) if last else set()
        news[model] = features.versions_in(feature) - known
        missing = {version for version in news[model] if version not in ready}
        if missing:
            desired.hold(model, missing)
    _hold_companions(session, desired, news)
    compiled = {}
    for model, feature in wanted.items():
        key = feature_key(model)
        if model not in desired.held:
            compiled[key] = feature
        elif key in published.features:
            compiled[key] = published.features[key]
    return RoutesBody(features=compiled)


def _hold_companions(session: ReadSession, desired: Desired, news: dict[str, set[str]]) -> None:
    """Releases of one group appear in one revision: the ready ones wait for the others.

    Only with what brings a candidate to gateways for the first time, so that going back never
    waits.
    """
    for group in moving_together(session):
        missing = set[str]().union(*(desired.held.get(model, set()) for model in group))
        for model, candidate in group.items():
            if missing and candidate in news.get(model, set()):
                desired.hold(model, missing)


def _kills(
    session: ReadSession, desired: Desired, published: KillBody, routes: RoutesBody
) -> KillBody:
    ready = set(desired.bodies[DocumentName.ENDPOINTS].versions)
    serving = features.serving(routes.features)
    entries = {}
    for row in active_kills(session):
        last = published.models.get(row.model)
        if _runs(row, ready, routes) or (last is not None and last.version == row.version):
            entries[row.model] = _kill_entry(row, serving)
            continue
        desired.hold(row.model, {row.version})
        if last is not None:
            entries[row.model] = last
    return KillBody(models=entries)


def _runs(row: KillRow, ready: Container[str], routes: RoutesBody) -> bool:
    feature = routes.features.get(feature_key(row.model))
    return row.version in ready or (
        feature is not None and row.version in features.versions_in(feature)
    )


def _kill_entry(row: KillRow, serving: Mapping[str, str]) -> KillEntry:
    # An expiry that gateways obey alone must never put traffic back: they are told of it
    # only while the routes serve the forced version anyway.
    expires_at = row.expires_at if serving.get(row.model) == row.version else None
    return KillEntry(id=row.id, version=row.version, reason=row.reason, expires_at=expires_at)
