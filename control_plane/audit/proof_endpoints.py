"""HTTP of the register's evidence: checkpoints, proofs, witnesses' cosignatures."""

from typing import Annotated, Any

from fastapi import Path, Query
from fastapi.responses import PlainTextResponse

from bentos.contract.canonical import MAX_INTEGER
from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.audit import checkpoints, cosignatures, proofs
from control_plane.audit.answers import CheckpointView, ConsistencyProof, Cosignature
from control_plane.audit.models import CheckpointRow
from control_plane.audit.reads import record_read
from control_plane.audit.schemas import CosignedIn
from control_plane.audit.tree import read_head
from control_plane.auth import allow
from control_plane.db import ReadSession
from control_plane.errors import NotFoundError
from control_plane.parts import Parts, Running, Writing
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1/register")
Size = Annotated[int, Query(ge=0, le=MAX_INTEGER)]
MayRead = Annotated[Principal, allow(Permission.REGISTER_READ)]


@router.get("/checkpoint")
def get_checkpoint(parts: Running, _: MayRead) -> CheckpointView:
    """The newest checkpoint with its cosignatures, and how far it is behind."""
    with parts.database.read() as session:
        row = checkpoints.latest(session, checkpoints.origin(session))
        if row is None:
            raise NotFoundError("the register was not signed yet; POST here to have it signed")
        return _view(session, parts, row)


@router.post("/checkpoint", status_code=201)
def post_checkpoint(
    parts: Running,
    _: Annotated[Principal, allow(Permission.REGISTER_READ, Action.REGISTER_VERIFY, "checkpoint")],
) -> CheckpointView:
    """Sign the register as it is now; the present checkpoint when nothing was added."""
    row = parts.checkpointer.make()
    with parts.database.read() as session:
        return _view(session, parts, row)


@router.get("/proofs/{seq}", response_class=PlainTextResponse)
def get_proof(
    parts: Running,
    principal: Annotated[
        Principal, allow(Permission.REGISTER_READ, Action.REGISTER_PROVE, "event:{seq}")
    ],
    seq: Annotated[int, Path(ge=1, le=MAX_INTEGER)],
) -> str:
    """A c2sp.org/tlog-proof@v1 file: event, path, signed checkpoint. Verifies offline."""
    with parts.database.read() as session:
        if seq > read_head(session).size:
            raise NotFoundError(f"no event {seq}")
    record_read(parts.database, parts.reads, principal, Action.REGISTER_PROVE, {"seq": seq})
    row = parts.checkpointer.covering(seq)
    with parts.database.read() as session:
        return proofs.proof_file(session, seq, row)


@router.get("/consistency")
def get_consistency(parts: Running, _: MayRead, old: Size, new: Size) -> ConsistencyProof:
    """That the register of ``new`` events begins with the one of ``old``."""
    with parts.database.read() as session:
        size = read_head(session).size
        if new > size:
            raise ContractError("new", f"at most {size}, the register's size", new)
        return {"old": old, "new": new, "proof": proofs.consistency(session, old, new)}


@router.post("/cosignatures", status_code=201)
def post_cosignature(
    session: Writing,
    body: CosignedIn,
    principal: Annotated[
        Principal, allow(Permission.REGISTER_READ, Action.REGISTER_COSIGN, "checkpoint")
    ],
) -> Cosignature:
    """Keep a witness's signature under a checkpoint, once it verifies with the key given."""
    row = cosignatures.keep(session, principal, body.note, body.witness)
    return {"origin": row.origin, "size": row.size, "witness": row.witness, "seen_at": row.seen_at}


def _view(session: ReadSession, parts: Parts, row: CheckpointRow) -> dict[str, Any]:
    return {
        "origin": row.origin,
        "size": row.size,
        "root": row.root,
        "at": row.at,
        "events_since": read_head(session).size - row.size,
        "keys": [str(key) for key in checkpoints.verifier_keys(session)],
        "note": checkpoints.with_cosignatures(session, row),
        "problem": parts.checkpointer.failing,
        "copy_problem": parts.checkpointer.copy_failing,
    }
