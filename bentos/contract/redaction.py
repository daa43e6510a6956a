"""A redaction: the register event that makes a missing personal part legal (contract §5).

One event tells of one segment: action ``decision:redact``, entity ``segment_entity(…)``, and in
its ``diff`` the ids of the decisions whose personal part (and salt) was dropped. Ids name no
shopper. What erased more in one segment than an event may name writes several.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Outcome, RegisterEvent

MAX_DECISIONS = 1000
MEMBER = "decisions"


def segment_entity(gateway: str, boot: str, first_seq: int) -> str:
    """How the register names a segment, in its registration and in redactions."""
    return f"segment:{gateway}/{boot}/{first_seq}"


def redaction_details(decision_ids: Sequence[str]) -> dict[str, Any]:
    """The ``diff`` of a redaction; raises ContractError for none, too many or one twice."""
    if not 1 <= len(decision_ids) <= MAX_DECISIONS:
        raise ContractError(MEMBER, f"1 to {MAX_DECISIONS} decision ids", len(decision_ids))
    if len(set(decision_ids)) != len(decision_ids):
        raise ContractError(MEMBER, "each decision id once", "one of them twice")
    return {MEMBER: sorted(decision_ids)}


def redacted_ids(events: Iterable[RegisterEvent]) -> frozenset[str]:
    """Ids of all decisions whose personal part may be missing, by these events."""
    return frozenset(
        decision_id
        for event in events
        if event.action is Action.DECISION_REDACT and event.outcome is Outcome.ALLOWED
        for decision_id in event.diff[MEMBER]
    )
