"""What gateways were told, by the events that say so and the archived bodies they name."""

import hashlib
from typing import Any

from bentos.contract.documents import DocumentName, KillBody, RoutesBody, decode_body
from bentos.contract.errors import ContractError
from bentos.contract.register import RegisterEvent
from bentos.contract.route import FEATURE_PREFIX
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError
from control_plane.publish.archive import body_bytes

ROUTES = f"document:{DocumentName.ROUTES.value}"
KILL = f"document:{DocumentName.KILL.value}"
Told = dict[str, Any]
"""Model → its GrowthBook feature, or its kill, as JSON."""


def told_by(session: ReadSession, event: RegisterEvent) -> Told | None:
    """What a ``document:publish`` of routes or kills told of each model.

    None when the archive no longer has the body, or has another: the event holds its digest.
    """
    digest = event.diff["digest"][1]
    name = DocumentName(event.entity.removeprefix("document:"))
    try:
        data = body_bytes(session, digest)
        if hashlib.sha256(data).hexdigest() != digest:
            return None
        body = decode_body(name, data)
    except (NotFoundError, ContractError):
        return None
    if isinstance(body, RoutesBody):
        return {key.removeprefix(FEATURE_PREFIX): each for key, each in body.features.items()}
    assert isinstance(body, KillBody)
    return {
        model: {"version": kill.version, "reason": kill.reason, "id": kill.id}
        for model, kill in body.models.items()
    }
