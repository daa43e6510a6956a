"""HTTP of what is made of one decision: evidence that verifies offline, and the same again."""

from typing import Annotated

from fastapi import Query
from fastapi.responses import Response

from bentos.contract.register import Action
from control_plane.audit.checkpoints import verifier_keys
from control_plane.audit.offline.notes import Policy
from control_plane.auth import allow
from control_plane.decisions import service
from control_plane.decisions.access import require_personal
from control_plane.decisions.answers import Rerun
from control_plane.decisions.evidence import make_evidence
from control_plane.decisions.offline.documents import read_document_keys
from control_plane.decisions.rerun import Changes, rerun
from control_plane.decisions.schemas import RerunIn
from control_plane.parts import Running
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1/decisions")
Prover = Annotated[
    Principal, allow(Permission.REGISTER_READ, Action.DECISION_EVIDENCE, "decision:{decision_id}")
]

Rerunner = Annotated[
    Principal, allow(Permission.DECISIONS_PERSONAL, Action.DECISION_RERUN, "decision:{decision_id}")
]


@router.get("/{decision_id}/evidence", response_class=Response)
def get_evidence(
    parts: Running,
    principal: Prover,
    decision_id: str,
    personal: Annotated[bool, Query()] = False,
) -> Response:
    """Everything that led to a decision, as one file that verifies offline; recorded.

    The personal part is in it only with ``personal=true``, which takes its own permission.
    """
    if personal:
        require_personal(principal)
    with parts.database.read() as session:
        row = service.require(parts.decisions, session, decision_id)
    with parts.database.write() as session:
        service.record_read(
            session, principal, decision_id, Action.DECISION_EVIDENCE, personal=personal
        )
    with parts.database.read() as session:
        log = verifier_keys(session)[-1]
    keys = read_document_keys(sorted(parts.settings.keys.glob("documents*.pub")))
    text = make_evidence(
        parts.decisions,
        parts.database,
        parts.checkpointer,
        row,
        (Policy(log), keys),
        personal=personal,
    )
    name = f"decision-{decision_id}.evidence.json"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type="application/json", headers=headers)


@router.post("/{decision_id}/rerun")
def post_rerun(parts: Running, principal: Rerunner, decision_id: str, body: RerunIn) -> Rerun:
    """Run a decision's inputs again: at its revision, or against another version, person, inputs.

    The same version on the same inputs has to reproduce what was recorded. Recorded.
    """
    changes = Changes(**body.model_dump())
    return rerun(parts.database, parts.decisions, parts.workers, principal, decision_id, changes)
