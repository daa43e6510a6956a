"""Witnesses' signatures under checkpoints: kept beside them, and told with them."""

from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.audit.models import CheckpointRow, CosignatureRow
from control_plane.audit.offline.notes import (
    COSIGNATURE,
    Unproven,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    signed_at,
)
from control_plane.audit.service import Change, record
from control_plane.db import WriteSession
from control_plane.errors import PolicyError
from control_plane.principal import Principal

MAX_WITNESSES = 15
"""Of one checkpoint: verifiers must take 16 signatures, the log's is one (C2SP signed-note)."""


def keep(session: WriteSession, principal: Principal, note: str, witness: str) -> CosignatureRow:
    """Keep what ``witness`` (a vkey) signed under one of our checkpoints; twice changes nothing.

    Raises ContractError for a note or key that is none or a signature that does not fit, and
    PolicyError for a checkpoint that this register did not sign.
    """
    try:
        key, parsed = parse_vkey(witness), parse_note(note)
        checkpoint = parse_checkpoint(parsed.text)
        at = signed_at(parsed, key) if key.kind == COSIGNATURE else None
    except Unproven as error:
        raise ContractError("note, witness", "a checkpoint and a vkey", str(error)) from error
    if at is None:
        raise ContractError("note", f"a cosignature of {key.name}", "none")
    held = session.get(CheckpointRow, (checkpoint.origin, checkpoint.size))
    if held is None or not held.note.startswith(parsed.text + "\n"):
        raise PolicyError(f"this register signed no such checkpoint of size {checkpoint.size}")
    name = str(key)
    row = session.get(CosignatureRow, (checkpoint.origin, checkpoint.size, name))
    if row is not None:
        return row
    others = select(CosignatureRow).where(
        col(CosignatureRow.origin) == held.origin, col(CosignatureRow.size) == held.size
    )
    if len(session.exec(others).all()) >= MAX_WITNESSES:
        raise PolicyError(f"{MAX_WITNESSES} witnesses signed this checkpoint already")
    line = next(
        each.line
        for each in parsed.signatures
        if (each.name, each.key_id) == (key.name, key.key_id)
    )
    row = CosignatureRow(
        origin=checkpoint.origin, size=checkpoint.size, witness=name, seen_at=at, line=line
    )
    session.add(row)
    session.flush()
    change = Change(
        action=Action.REGISTER_COSIGN,
        entity=f"checkpoint:{checkpoint.size}",
        after={"witness": name, "seen_at": at, "root": held.root},
    )
    record(session, principal, change)
    return row
