"""Which register events are told to webhooks, and under which name. A closed list.

Names are hierarchical with full stops, as Standard Webhooks recommends. Denied attempts are
told to nobody outside.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from bentos.contract.errors import ContractError
from bentos.contract.register import Action, Outcome

ALL = "*"
TEST = "webhook.test"
CHECKPOINT = "register.checkpoint"
VERIFY_FAILED = "register.verify_failed"

OF_ACTION: dict[Action, str] = {
    Action.RELEASE_CREATE: "release.created",
    Action.RELEASE_EDIT: "release.edited",
    Action.RELEASE_SUBMIT: "release.submitted",
    Action.RELEASE_APPROVE: "release.approved",
    Action.RELEASE_REFUSE: "release.refused",
    Action.RELEASE_SCHEDULE: "release.scheduled",
    Action.RELEASE_START: "release.started",
    Action.RELEASE_OPEN_GATE: "release.gate_opened",
    Action.RELEASE_RAMP: "release.ramped",
    Action.RELEASE_LOWER: "release.lowered",
    Action.RELEASE_HALT: "release.halted",
    Action.RELEASE_PAUSE: "release.paused",
    Action.RELEASE_RESUME: "release.resumed",
    Action.RELEASE_PROMOTE: "release.promoted",
    Action.RELEASE_ROLLBACK: "release.rolled_back",
    Action.RELEASE_ABORT: "release.aborted",
    Action.KILL_SET: "kill.set",
    Action.KILL_CLEAR: "kill.cleared",
    Action.KILL_EXPIRE: "kill.expired",
    Action.REVIEW_OPEN: "review.opened",
    Action.REVIEW_CLOSE: "review.closed",
    Action.FREEZE_CREATE: "freeze.created",
    Action.FREEZE_END: "freeze.ended",
    Action.FREEZE_EXEMPT: "freeze.exempted",
    Action.DOCUMENT_PUBLISH: "document.published",
    Action.VERSION_REGISTER: "version.registered",
    Action.VERSION_REJECT: "version.rejected",
    Action.VERSION_RETIRE: "version.retired",
    Action.MODEL_VISIBILITY: "model.visibility_changed",
    Action.INSTALLATION_RESTORE: "installation.restored",
    Action.REGISTER_VERIFY: VERIFY_FAILED,
    Action.WEBHOOK_CREATE: "webhook.created",
    Action.WEBHOOK_EDIT: "webhook.edited",
    Action.WEBHOOK_DISABLE: "webhook.disabled",
    Action.WEBHOOK_ENABLE: "webhook.enabled",
    Action.WEBHOOK_DELETE: "webhook.deleted",
}
TYPES = (*OF_ACTION.values(), CHECKPOINT)
"""What may be subscribed to; ``webhook.test`` comes to whom it is sent."""
_GROUPS = frozenset(f"{name.partition('.')[0]}.{ALL}" for name in TYPES)


def type_of(event: Mapping[str, Any]) -> str | None:
    """The type of a register event (its members as JSON), or None for what is not told."""
    action = event["action"]
    if action not in OF_ACTION or event["outcome"] != Outcome.ALLOWED:
        return None
    if action == Action.REGISTER_VERIFY and event["diff"].get("ok") != [None, False]:
        return None
    return OF_ACTION[Action(action)]


def check_patterns(patterns: list[str]) -> list[str]:
    """Sorted, each once; raises ContractError for one that no type could ever match."""
    for index, pattern in enumerate(patterns):
        if pattern != ALL and pattern not in _GROUPS and pattern not in TYPES:
            expected = f"{ALL}, a group such as release.{ALL}, or one of {', '.join(TYPES)}"
            raise ContractError(f"events[{index}]", expected, pattern)
    return sorted(set(patterns))


def is_wanted(name: str, patterns: Iterable[str]) -> bool:
    """Whether somebody who asked for these patterns is told of this type."""
    return not {ALL, name, f"{name.partition('.')[0]}.{ALL}"}.isdisjoint(patterns)
