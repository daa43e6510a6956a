"""The ``schemas`` document: signatures and feature schemas of all versions gateways may meet.

It is the largest document and the one that changes least, so it is made again only when one
of the rows it is made of differs.
"""

import threading
from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Text, cast
from sqlmodel import col, select

from bentos.contract.attributes import AttributeType
from bentos.contract.documents import RoutesBody, SchemasBody, VersionSchema
from bentos.contract.manifest import VersionState
from bentos.contract.signature import ModelSignature
from control_plane.db import ReadSession
from control_plane.publish import features
from control_plane.registry.decoded import MANIFESTS
from control_plane.registry.models import ModelRow, VersionRow
from control_plane.registry.service import attribute_types, list_models, list_versions

Facts = tuple[Any, ...]
"""All that decides what the document says."""


class LastMade:
    """The document as it was last made, and of what. Used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: tuple[Facts, SchemasBody] | None = None

    def of(self, session: ReadSession, published: RoutesBody) -> SchemasBody:
        """The document now. Nobody may change what is handed out."""
        in_routes = {v for each in published.features.values() for v in features.versions_in(each)}
        facts = _facts(session, in_routes)
        with self._lock:
            if self._made is not None and self._made[0] == facts:
                return self._made[1]
        body = _make(session, in_routes)
        with self._lock:
            self._made = (facts, body)
        return body


SCHEMAS = LastMade()
"""The process's own: what it remembers depends on nothing but the facts."""


def _facts(session: ReadSession, in_routes: Iterable[str]) -> Facts:
    versions = session.exec(
        select(VersionRow.version, VersionRow.state, VersionRow.manifest_digest).order_by(
            col(VersionRow.version)
        )
    )
    # As text: what is only compared need not be decoded.
    models = session.exec(
        select(ModelRow.name, cast(ModelRow.signature, Text)).order_by(col(ModelRow.name))
    )
    attributes = attribute_types(session)
    return (
        tuple(map(tuple, versions)),
        tuple(map(tuple, models)),
        tuple(sorted(attributes.items())),
        tuple(sorted(in_routes)),
    )


def _make(session: ReadSession, in_routes: set[str]) -> SchemasBody:
    body = SchemasBody(
        signatures={},
        features={},
        versions={},
        current={},
        attributes={n: AttributeType(kind) for n, kind in attribute_types(session).items()},
    )
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
