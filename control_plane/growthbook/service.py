"""SDK keys and the payload each may see.

Deny by default: a public key (it lies readable in a theme) names each of its models, every
one of them made ``public`` by a person before; a model closed again vanishes from the
payload at once. A server key may name any model, or "*".
"""

import hashlib
import re
import secrets
from typing import Any

from sqlmodel import col, select

from bentos.contract.documents import DocumentName
from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.route import FEATURE_PREFIX, Route, compile_feature
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import NotFoundError, PolicyError
from control_plane.growthbook.models import SdkKeyRow
from control_plane.paging import EVERYTHING, Listing
from control_plane.principal import Principal
from control_plane.publish.archive import Served
from control_plane.registry.service import PUBLIC, get_model, list_models

ALL_MODELS = "*"
SERVER = "server"
SECRET_BYTES = 32
_KEY = re.compile(r"sdk-[A-Za-z0-9_-]{43}")


def create_sdk_key(
    session: WriteSession, principal: Principal, name: str, kind: str, models: list[str]
) -> tuple[SdkKeyRow, str]:
    """Make an SDK key; its text is in the answer and nowhere else."""
    _check_models(session, kind, models)
    text = f"sdk-{secrets.token_urlsafe(SECRET_BYTES)}"
    row = SdkKeyRow(
        id=secrets.token_hex(6),
        digest=_digest(text),
        name=name,
        kind=kind,
        models=sorted(set(models)),
        created_at=clock.now(),
        created_by=principal.actor.id,
    )
    session.add(row)
    session.flush()
    change = Change(action=Action.SDK_KEY_CREATE, entity=f"sdk_key:{row.id}", after=key_view(row))
    record(session, principal, change)
    return row, text


def revoke_sdk_key(session: WriteSession, principal: Principal, key_id: str) -> SdkKeyRow:
    """End an SDK key; revoking twice changes nothing."""
    row = session.get(SdkKeyRow, key_id)
    if row is None:
        raise NotFoundError(f"no SDK key {key_id}")
    if row.revoked_at is None:
        before = key_view(row)
        row.revoked_at = clock.now()
        session.add(row)
        change = Change(
            action=Action.SDK_KEY_REVOKE,
            entity=f"sdk_key:{row.id}",
            before=before,
            after=key_view(row),
        )
        record(session, principal, change)
    return row


def list_sdk_keys(session: ReadSession, page: Listing = EVERYTHING) -> list[SdkKeyRow]:
    """All SDK keys, oldest first."""
    return page.rows(session, select(SdkKeyRow), col(SdkKeyRow.created_at), col(SdkKeyRow.id))


def find_key(session: ReadSession, text: str) -> SdkKeyRow | None:
    """The key if it is good. Looked up by digest, so no comparison leaks its text."""
    if not _KEY.fullmatch(text):
        return None
    query = select(SdkKeyRow).where(col(SdkKeyRow.digest) == _digest(text))
    row = session.exec(query).first()
    return None if row is None or row.revoked_at else row


def payload(session: ReadSession, key: SdkKeyRow, served: Served) -> dict[str, Any]:
    """The GrowthBook payload of what is served, as this key may see it, kills applied."""
    visible = visible_models(session, key)
    features = {}
    for feature, definition in served.routes.features.items():
        model = feature.removeprefix(FEATURE_PREFIX)
        if model not in visible:
            continue
        killed = served.kill.models.get(model)
        forced = compile_feature(Route(model=model, stable=killed.version)) if killed else None
        features[feature] = forced or definition
    names = (DocumentName.ROUTES, DocumentName.KILL)
    dates = [served.headers[name].at for name in names if name in served.headers]
    return {"status": 200, "features": features, "dateUpdated": max(dates, default=key.created_at)}


def key_view(row: SdkKeyRow) -> dict[str, Any]:
    """An SDK key as the API and the register show it."""
    return row.model_dump(exclude={"digest"})


def visible_models(session: ReadSession, key: SdkKeyRow) -> set[str]:
    """Models whose features this key is sent."""
    models = {row.name: row.visibility for row in list_models(session)}
    if key.kind == PUBLIC:
        return {name for name in key.models if models.get(name) == PUBLIC}
    return set(models) if ALL_MODELS in key.models else set(key.models)


def _check_models(session: ReadSession, kind: str, models: list[str]) -> None:
    if not models:
        raise ContractError("models", "at least one model", models)
    for index, name in enumerate(models):
        if name == ALL_MODELS and kind == SERVER:
            continue
        if name == ALL_MODELS:
            raise ContractError(f"models[{index}]", "a model's name, for a public key", name)
        if get_model(session, name).visibility != PUBLIC and kind == PUBLIC:
            raise PolicyError(f"{name} is server-only; a public key may not see it")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
