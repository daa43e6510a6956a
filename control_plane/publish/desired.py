"""Compiles the five documents from the tables: what gateways should be served now.

A route or kill that names a version no fleet reports ready is held back for that model
alone, which keeps what was last published for it; all other models go on. A version that
is named in what is published already holds nothing back: routes are not withdrawn when a
worker dies, the gateway falls back.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from bentos.contract.attributes import AttributeType
from bentos.contract.documents import (
    DocumentName,
    EndpointsBody,
    KillBody,
    KillEntry,
    RoutesBody,
    SchemasBody,
    VersionSchema,
)
from bentos.contract.manifest import VersionState
from bentos.contract.route import compile_feature, feature_key
from bentos.contract.signature import ModelSignature
from control_plane.db import ReadSession
from control_plane.publish import features
from control_plane.publish.archive import Served
from control_plane.publish.fleets import ready_addresses
from control_plane.publish.keys import keys_body
from control_plane.registry.decoded import MANIFESTS
from control_plane.registry.service import attribute_types, list_models, list_versions
from control_plane.releases.kills import active_kills
from control_plane.releases.models import KillRow
from control_plane.releases.routes import desired_routes, moving_together, named_versions


@dataclass
class Desired:
    """Bodies by name. ``held``: model → versions its route or kill waits for."""

    bodies: dict[DocumentName, Any] = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)

    def hold(self, model: str, missing: set[str]) -> None:
        """Note that a model waits for versions to become ready."""
        self.held.setdefault(model, set()).update(missing)


def compile_desired(session: ReadSession, served: Served) -> Desired:
    """All five documents, in the order they are published: addresses before routes."""
    desired = Desired()
    addresses = ready_addresses(session)
    routes = _routes(session, desired, set(addresses), served.routes)
    desired.bodies[DocumentName.SCHEMAS] = _schemas(session, served.routes)
    desired.bodies[DocumentName.KEYS] = keys_body(session)
    desired.bodies[DocumentName.ENDPOINTS] = EndpointsBody(versions=addresses)
    desired.bodies[DocumentName.KILL] = _kills(session, desired, served.kill, routes)
    desired.bodies[DocumentName.ROUTES] = routes
    return desired


def _routes(
    session: ReadSession, desired: Desired, ready: set[str], published: RoutesBody
) -> RoutesBody:
    routes = {route.model: route for route in desired_routes(session)}
    news = {}
    for model, route in routes.items():
        last = published.features.get(feature_key(model))
        news[model] = named_versions(route) - (features.versions_in(last) if last else set())
        if news[model] - ready:
            desired.hold(model, news[model] - ready)
    _hold_companions(session, desired, news)
    compiled = {}
    for model, route in routes.items():
        key = feature_key(model)
        if model not in desired.held:
            compiled[key] = compile_feature(route)
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
        feature = routes.features.get(feature_key(row.model))
        named = features.versions_in(feature) if feature else set()
        running = row.version in ready or row.version in named
        if running or (last is not None and last.version == row.version):
            entries[row.model] = _kill_entry(row, serving.get(row.model))
            continue
        desired.hold(row.model, {row.version})
        if last is not None:
            entries[row.model] = last
    return KillBody(models=entries)


def _kill_entry(row: KillRow, serving: str | None) -> KillEntry:
    # An expiry that gateways obey alone must never put traffic back: they are told of it
    # only while the routes serve the forced version anyway.
    expires_at = row.expires_at if serving == row.version else None
    return KillEntry(id=row.id, version=row.version, reason=row.reason, expires_at=expires_at)


def _schemas(session: ReadSession, published: RoutesBody) -> SchemasBody:
    body = SchemasBody(
        signatures={},
        features={},
        versions={},
        current={},
        attributes={n: AttributeType(kind) for n, kind in attribute_types(session).items()},
    )
    in_routes = {v for each in published.features.values() for v in features.versions_in(each)}
    for row in list_versions(session):
        if row.state != VersionState.REGISTERED.value and row.version not in in_routes:
            continue
        manifest = MANIFESTS.of(row)
        body.signatures[row.signature_digest] = manifest.signature
        body.features[row.features_digest] = manifest.features
        body.versions[row.version] = VersionSchema(
            model=row.model, signature=row.signature_digest, features=row.features_digest
        )
    for model in list_models(session):
        if model.signature is not None:
            signature = msgspec.convert(model.signature, ModelSignature)
            body.signatures[signature.digest()] = signature
            body.current[model.name] = signature.digest()
    return body
