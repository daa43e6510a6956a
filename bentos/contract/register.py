"""One entry of the register: a change, or a denied attempt at one (contract §6).

The register holds no personal data of shoppers. Leaves are hashed like every other:
SHA-256(0x00 ‖ JCS(event)).
"""

from enum import StrEnum
from typing import Any

import msgspec

from bentos.contract import canonical, merkle


class ActorType(StrEnum):
    """Author ≠ approver means persons: a service never approves."""

    PERSON = "person"
    SERVICE = "service"
    SYSTEM = "system"


class Outcome(StrEnum):
    """Whether what was asked was done."""

    ALLOWED = "allowed"
    DENIED = "denied"


class Action(StrEnum):
    """Closed list of ``subject:verb``."""

    INSTALLATION_CREATE = "installation:create"
    INSTALLATION_RESTORE = "installation:restore"
    PERSON_CREATE = "person:create"
    PERSON_EDIT = "person:edit"
    PERSON_DISABLE = "person:disable"
    KEY_CREATE = "key:create"
    KEY_REVOKE = "key:revoke"
    CALLER_KEY_CREATE = "caller_key:create"
    CALLER_KEY_REVOKE = "caller_key:revoke"
    SHOPIFY_APP_SET = "shopify_app:set"
    SHOPIFY_APP_REMOVE = "shopify_app:remove"
    SDK_KEY_CREATE = "sdk_key:create"
    SDK_KEY_REVOKE = "sdk_key:revoke"
    MODEL_VISIBILITY = "model:visibility"
    ATTRIBUTE_DECLARE = "attribute:declare"
    VERSION_REGISTER = "version:register"
    VERSION_REJECT = "version:reject"
    VERSION_RETIRE = "version:retire"
    RELEASE_CREATE = "release:create"
    RELEASE_EDIT = "release:edit"
    RELEASE_SUBMIT = "release:submit"
    RELEASE_APPROVE = "release:approve"
    RELEASE_REFUSE = "release:refuse"
    RELEASE_SCHEDULE = "release:schedule"
    RELEASE_START = "release:start"
    RELEASE_RAMP = "release:ramp"
    RELEASE_LOWER = "release:lower"
    RELEASE_HALT = "release:halt"
    RELEASE_PAUSE = "release:pause"
    RELEASE_RESUME = "release:resume"
    RELEASE_PROMOTE = "release:promote"
    RELEASE_ROLLBACK = "release:rollback"
    RELEASE_ABORT = "release:abort"
    KILL_SET = "kill:set"
    KILL_CLEAR = "kill:clear"
    KILL_EXPIRE = "kill:expire"
    RELEASE_OPEN_GATE = "release:open_gate"
    FREEZE_CREATE = "freeze:create"
    FREEZE_END = "freeze:end"
    FREEZE_EXEMPT = "freeze:exempt"
    REVIEW_OPEN = "review:open"
    REVIEW_CLOSE = "review:close"
    GROUP_CREATE = "group:create"
    GROUP_EDIT = "group:edit"
    GROUP_DISSOLVE = "group:dissolve"
    DOCUMENT_PUBLISH = "document:publish"
    ENDPOINTS_REPORT = "endpoints:report"
    SEGMENT_REGISTER = "segment:register"
    DECISION_REDACT = "decision:redact"
    REGISTER_KEY = "register:key"
    DECISION_READ = "decision:read"
    DECISION_EVIDENCE = "decision:evidence"
    DECISION_RERUN = "decision:rerun"
    DECISION_ERASE = "decision:erase"
    DECISION_EXPIRE = "decision:expire"
    DECISION_COMPACT = "decision:compact"
    REGISTER_VERIFY = "register:verify"
    REGISTER_READ = "register:read"
    REGISTER_PROVE = "register:prove"
    REGISTER_EXPORT = "register:export"
    REGISTER_COSIGN = "register:cosign"
    REQUEST_DENY = "request:deny"
    SESSION_CREATE = "session:create"
    SESSION_END = "session:end"
    PASSWORD_CHANGE = "password:change"  # noqa: S105 - a verb
    PASSWORD_RESET = "password:reset"  # noqa: S105 - a verb
    PERSON_ENABLE = "person:enable"
    KEY_ROTATE = "key:rotate"
    IDENTITY_LINK = "identity:link"
    IDENTITY_UNLINK = "identity:unlink"
    INSTALLATION_BACKUP = "installation:backup"
    INSTALLATION_UPGRADE = "installation:upgrade"
    FOLLOW_PROPOSE = "follow:propose"
    FOLLOW_APPROVE = "follow:approve"
    FOLLOW_END = "follow:end"
    FOLLOW_ACCEPT = "follow:accept"
    FOLLOW_REFUSE = "follow:refuse"
    FOLLOW_LATE = "follow:late"
    INSTALLATION_CONFIGURE = "installation:configure"
    WEBHOOK_CREATE = "webhook:create"
    WEBHOOK_EDIT = "webhook:edit"
    WEBHOOK_DISABLE = "webhook:disable"
    WEBHOOK_ENABLE = "webhook:enable"
    WEBHOOK_DELETE = "webhook:delete"
    WEBHOOK_ROTATE = "webhook:rotate"
    WEBHOOK_TEST = "webhook:test"
    WEBHOOK_REDELIVER = "webhook:redeliver"
    CONSENT_GIVE = "consent:give"
    CONSENT_WITHDRAW = "consent:withdraw"
    EXCLUSION_ADD = "exclusion:add"
    EXCLUSION_LIFT = "exclusion:lift"
    NIGHT_REPORT = "night:report"
    REDACTION_OPEN = "redaction:open"
    REDACTION_ERASE = "redaction:erase"
    REDACTION_EXPORT = "redaction:export"
    REDACTION_LATE = "redaction:late"
    REDACTION_STUCK = "redaction:stuck"
    REDACTION_CLOSE = "redaction:close"


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who acted. ``auth_method``: ``api_key``, ``session``, ``local``, ``internal``.

    ``key_id`` is the key's id or the session's."""

    type: ActorType
    id: str
    auth_method: str
    key_id: str | None = None


class RegisterEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event. ``before`` and ``after`` are SHA-256 hex digests of the entity's JSON,
    ``diff`` names what changed, ``at`` is RFC 3339 UTC with microseconds."""

    seq: int
    id: str
    at: str
    actor: Actor
    action: Action
    entity: str
    outcome: Outcome
    on_behalf_of: str | None = None
    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None
    entity_revision: int | None = None
    before: str | None = None
    after: str | None = None
    diff: dict[str, Any] = {}
    reason: str | None = None
    ticket: str | None = None
    approvals: tuple[str, ...] = ()
    schema: int = 1


def leaf(event: RegisterEvent) -> bytes:
    """SHA-256(0x00 ‖ JCS(event)), 32 bytes."""
    return leaf_of(canonical.as_builtins(event))


def leaf_of(members: dict[str, Any]) -> bytes:
    """The leaf of an event that was kept as JSON; raises ContractError as ``canonical_json``."""
    return merkle.leaf_hash(canonical.canonical_json(members))
