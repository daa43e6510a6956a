"""Registers and retires versions, keeps model signatures and attributes."""

from typing import Any

import msgspec
from sqlalchemy.orm import defer
from sqlmodel import col, select

from bentos.contract import canonical
from bentos.contract.attributes import RESERVED, AttributeType
from bentos.contract.errors import ContractError
from bentos.contract.features import check_views
from bentos.contract.manifest import Manifest, VersionState
from bentos.contract.register import Action
from bentos.contract.signature import ModelSignature, check_extends
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import NotFoundError, PolicyError
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Principal
from control_plane.registry.models import AttributeRow, ModelRow, VersionRow

SERVER_ONLY = "server"
PUBLIC = "public"
MAX_ATTRIBUTE_NAME = 80


def register_version(
    session: WriteSession, principal: Principal, manifest: Manifest
) -> tuple[VersionRow, bool]:
    """Add a version and say whether it is new. The same manifest again changes nothing.

    Raises PolicyError for another manifest under the same tag and ContractError for a
    signature that does not extend the model's or a feature view nobody could look up.
    """
    known = session.get(VersionRow, manifest.version)
    if known is not None:
        if known.manifest_digest != manifest.digest():
            raise PolicyError(f"{manifest.version} is registered with another manifest")
        return known, False
    # Old manifests stay readable; a new one must be servable, or gateways refuse its schema.
    check_views(manifest.features, manifest.signature)
    _adopt_signature(session, manifest)
    row = _row(manifest, principal)
    session.add(row)
    session.flush()
    rejected = manifest.state is VersionState.REJECTED
    change = Change(
        action=Action.VERSION_REJECT if rejected else Action.VERSION_REGISTER,
        entity=f"version:{manifest.version}",
        after=version_summary(row),
        reason=manifest.rejection,
    )
    record(session, principal, change)
    return row, True


def retire_version(
    session: WriteSession, principal: Principal, version: str, reason: str
) -> VersionRow:
    """End a version for good. Whether it is in use is asked by the caller (releases)."""
    row = get_version(session, version)
    if row.state == VersionState.RETIRED.value:
        raise PolicyError(f"{version} is retired already")
    before = version_summary(row)
    row.state = VersionState.RETIRED.value
    row.retired_at, row.retired_reason = clock.now(), reason
    session.add(row)
    change = Change(
        action=Action.VERSION_RETIRE,
        entity=f"version:{version}",
        before=before,
        after=version_summary(row),
        reason=reason,
    )
    record(session, principal, change)
    return row


def get_version(session: ReadSession, version: str) -> VersionRow:
    """The version, or NotFoundError."""
    row = session.get(VersionRow, version)
    if row is None:
        raise NotFoundError(f"no version {version}")
    return row


def get_model(session: ReadSession, model: str) -> ModelRow:
    """The model, or NotFoundError."""
    row = session.get(ModelRow, model)
    if row is None:
        raise NotFoundError(f"no model {model}")
    return row


def list_versions(
    session: ReadSession, model: str | None = None, page: Listing = EVERYTHING
) -> list[VersionRow]:
    """All versions, oldest first. Their manifests, kilobytes each, are loaded when asked for."""
    query = select(VersionRow).options(defer(VersionRow.manifest))  # type: ignore[arg-type]
    if model is not None:
        query = query.where(col(VersionRow.model) == model)
    return page.rows(session, query, col(VersionRow.registered_at), col(VersionRow.version))


def list_models(session: ReadSession, page: Listing = EVERYTHING) -> list[ModelRow]:
    """All models by name."""
    return page.rows(session, select(ModelRow), col(ModelRow.name))


def public_models(session: ReadSession) -> set[str]:
    """Models that a visitor's browser may reach."""
    return {row.name for row in list_models(session) if row.visibility == PUBLIC}


def require_public(session: ReadSession, models: list[str], field: str) -> None:
    """Raise unless each is the name of a public model: NotFoundError, PolicyError, or
    ContractError for "*", as models to come were made public by nobody."""
    for index, name in enumerate(models):
        if name == "*":
            raise ContractError(f"{field}[{index}]", "a model's name, for a browser", name)
        if get_model(session, name).visibility != PUBLIC:
            raise PolicyError(f"{name} is server-only; a browser may not reach it")


def set_visibility(
    session: WriteSession,
    principal: Principal,
    model: str,
    visibility: str,
    reason: str,
    server_only: frozenset[str],
) -> ModelRow:
    """Let public SDK keys name this model, or no longer. Server-only is the default."""
    row = get_model(session, model)
    if visibility == PUBLIC and model in server_only:
        raise PolicyError(f"{model} is server-only by configuration and is never made public")
    before = {"visibility": row.visibility}
    row.visibility = visibility
    session.add(row)
    change = Change(
        action=Action.MODEL_VISIBILITY,
        entity=f"model:{model}",
        before=before,
        after={"visibility": visibility},
        reason=reason,
    )
    record(session, principal, change)
    return row


def declare_attributes(
    session: WriteSession, principal: Principal, attributes: dict[str, str]
) -> dict[str, str]:
    """Add to the dictionary of attributes; a declared one never changes its type."""
    before = attribute_types(session)
    for name, kind in attributes.items():
        _check_attribute(name, kind, before)
    for name in attributes.keys() - before.keys():
        session.add(AttributeRow(name=name, type=attributes[name], declared_at=clock.now()))
    after = before | attributes
    if after != before:
        change = Change(
            action=Action.ATTRIBUTE_DECLARE, entity="attributes", before=before, after=after
        )
        record(session, principal, change)
    return after


def attribute_types(session: ReadSession) -> dict[str, str]:
    """Declared attributes: name → type."""
    return {row.name: row.type for row in list_attributes(session)}


def list_attributes(session: ReadSession) -> list[AttributeRow]:
    """Declared attributes, by name."""
    return list(session.exec(select(AttributeRow).order_by(col(AttributeRow.name))))


def version_summary(row: VersionRow) -> dict[str, Any]:
    """A version without the body of its manifest: what lists and the register show."""
    return row.model_dump(exclude={"manifest"})


def _check_attribute(name: str, kind: str, declared: dict[str, str]) -> None:
    field = f"attributes.{name}"
    fits = 0 < len(name) <= MAX_ATTRIBUTE_NAME and name.isprintable()
    if not fits or name in RESERVED or name.startswith("$"):
        expected = f"a name of 1 to {MAX_ATTRIBUTE_NAME} printable characters"
        raise ContractError(field, expected, name)
    kinds = [each.value for each in AttributeType]
    if kind not in kinds:
        raise ContractError(field, f"one of {kinds}", kind)
    if declared.get(name, kind) != kind:
        raise PolicyError(f"attribute {name} is declared as {declared[name]}")


def _adopt_signature(session: WriteSession, manifest: Manifest) -> None:
    """A version that passed its gates may extend what callers of the model see."""
    row = session.get(ModelRow, manifest.model) or ModelRow(
        name=manifest.model, visibility=SERVER_ONLY, created_at=clock.now()
    )
    if manifest.state is VersionState.REGISTERED:
        if row.signature is not None:
            known = msgspec.convert(row.signature, ModelSignature)
            check_extends(manifest.signature, known)
        row.signature = canonical.as_builtins(manifest.signature)
    session.add(row)
    session.flush()


def _row(manifest: Manifest, principal: Principal) -> VersionRow:
    return VersionRow(
        version=manifest.version,
        model=manifest.model,
        state=manifest.state.value,
        rejection=manifest.rejection,
        manifest=canonical.as_builtins(manifest),
        manifest_digest=manifest.digest(),
        bento_digest=manifest.bento_digest,
        signature_digest=manifest.signature.digest(),
        features_digest=manifest.features.digest(),
        registered_at=clock.now(),
        registered_by=principal.actor.id,
    )
