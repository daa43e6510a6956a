"""HTTP of versions, models' visibility and attributes."""

from typing import Annotated, Any

from fastapi import Body, Response

from bentos.contract.register import Action
from control_plane.answer import repeated
from control_plane.auth import allow
from control_plane.paging import Paged
from control_plane.parts import Reading, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.registry import service
from control_plane.registry.answers import Version, Visibility, WholeVersion
from control_plane.registry.manifest_input import read_manifest
from control_plane.registry.schemas import VisibilityIn
from control_plane.router import Router

router = Router(prefix="/api/v1")


@router.post("/versions", status_code=201, responses=repeated(Version))
def post_version(
    session: Writing,
    response: Response,
    principal: Annotated[
        Principal, allow(Permission.VERSIONS_REGISTER, Action.VERSION_REGISTER, "versions")
    ],
    body: Annotated[dict[str, Any], Body()],
) -> Version:
    """Register a version by its manifest; the same manifest again is 200."""
    row, is_new = service.register_version(session, principal, read_manifest(body))
    if not is_new:
        response.status_code = 200
    return service.version_summary(row)


@router.get("/versions")
def get_versions(
    session: Reading,
    page: Paged,
    _: Annotated[Principal, allow(Permission.READ)],
    model: str | None = None,
) -> list[Version]:
    """Versions without their manifests, oldest first."""
    return [service.version_summary(row) for row in service.list_versions(session, model, page)]


@router.get("/versions/{version}")
def get_version(
    session: Reading, version: str, _: Annotated[Principal, allow(Permission.READ)]
) -> WholeVersion:
    """One version with its manifest."""
    return service.get_version(session, version).model_dump()


@router.put("/models/{model}/visibility")
def put_visibility(
    session: Writing,
    parts: Running,
    model: str,
    body: VisibilityIn,
    principal: Annotated[
        Principal, allow(Permission.MODELS_EXPOSE, Action.MODEL_VISIBILITY, "model:{model}")
    ],
) -> Visibility:
    """Let public SDK keys name this model, or no longer."""
    row = service.set_visibility(
        session,
        principal,
        model,
        body.visibility,
        body.reason,
        parts.settings.server_only_models,
    )
    return {"model": row.name, "visibility": row.visibility}


@router.put("/attributes")
def put_attributes(
    session: Writing,
    body: dict[str, str],
    principal: Annotated[
        Principal, allow(Permission.ATTRIBUTES_DECLARE, Action.ATTRIBUTE_DECLARE, "attributes")
    ],
) -> dict[str, str]:
    """Declare targeting attributes; answers with the whole dictionary."""
    return service.declare_attributes(session, principal, body)


@router.get("/attributes")
def get_attributes(
    session: Reading, _: Annotated[Principal, allow(Permission.READ)]
) -> dict[str, str]:
    """Declared targeting attributes: name → type."""
    return service.attribute_types(session)
