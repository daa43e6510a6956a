"""Who is asking, from where, and what they may do. Roles → permissions live here alone."""

from dataclasses import dataclass, field
from enum import StrEnum

from bentos.contract.register import Actor, ActorType
from control_plane.errors import ForbiddenError


class Permission(StrEnum):
    """One thing a principal may do."""

    READ = "read"
    VERSIONS_REGISTER = "versions:register"
    VERSIONS_RETIRE = "versions:retire"
    MODELS_EXPOSE = "models:expose"
    ATTRIBUTES_DECLARE = "attributes:declare"
    RELEASES_WRITE = "releases:write"
    RELEASES_APPROVE = "releases:approve"
    RELEASES_FORWARD = "releases:forward"
    RELEASES_BACK = "releases:back"
    FREEZES = "freezes"
    KILL = "kill"
    KILLS_REVIEW = "kills:review"
    CALLERS = "callers"
    SDK_KEYS = "sdk_keys"
    WEBHOOKS = "webhooks"
    PEOPLE = "people"
    REGISTER_READ = "register:read"
    DOCUMENTS_READ = "documents:read"
    DECISIONS_READ = "decisions:read"
    DECISIONS_PERSONAL = "decisions:personal"
    DECISIONS_ERASE = "decisions:erase"
    DECISIONS_EXPIRE = "decisions:expire"
    SEGMENTS_WRITE = "segments:write"
    FLEET_READ = "fleet:read"
    FLEET_REPORT = "fleet:report"
    FOLLOW = "follow"
    CONSENTS_READ = "consents:read"
    CONSENTS_WRITE = "consents:write"
    REDACTIONS_READ = "redactions:read"
    REDACTIONS_WRITE = "redactions:write"


class Role(StrEnum):
    """What a person is here for. ``service`` belongs to services and to no person."""

    VIEWER = "viewer"
    DATA_SCIENTIST = "data_scientist"
    RELEASE_MANAGER = "release_manager"
    APPROVER = "approver"
    COMPLIANCE = "compliance"
    ADMIN = "admin"
    SERVICE = "service"


_P = Permission
ROLES: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({_P.READ, _P.DECISIONS_READ}),
    Role.DATA_SCIENTIST: frozenset(
        {_P.READ, _P.DECISIONS_READ, _P.VERSIONS_REGISTER, _P.RELEASES_WRITE}
    ),
    Role.RELEASE_MANAGER: frozenset(
        {
            _P.READ,
            _P.DECISIONS_READ,
            _P.VERSIONS_RETIRE,
            _P.ATTRIBUTES_DECLARE,
            _P.RELEASES_WRITE,
            _P.RELEASES_FORWARD,
            _P.RELEASES_BACK,
            _P.FREEZES,
            _P.FOLLOW,
            _P.KILL,
        }
    ),
    Role.APPROVER: frozenset(
        {
            _P.READ,
            _P.DECISIONS_READ,
            _P.RELEASES_APPROVE,
            _P.RELEASES_BACK,
            _P.KILL,
            _P.KILLS_REVIEW,
        }
    ),
    Role.COMPLIANCE: frozenset(
        {
            _P.READ,
            _P.DECISIONS_READ,
            _P.DECISIONS_PERSONAL,
            _P.DECISIONS_ERASE,
            _P.DECISIONS_EXPIRE,
            _P.REGISTER_READ,
            _P.CONSENTS_READ,
            _P.CONSENTS_WRITE,
            _P.REDACTIONS_READ,
            _P.REDACTIONS_WRITE,
            _P.MODELS_EXPOSE,
            _P.RELEASES_BACK,
            _P.KILL,
            _P.KILLS_REVIEW,
        }
    ),
    Role.ADMIN: frozenset(
        {
            _P.READ,
            _P.DECISIONS_READ,
            _P.DECISIONS_EXPIRE,
            _P.ATTRIBUTES_DECLARE,
            _P.CALLERS,
            _P.SDK_KEYS,
            _P.WEBHOOKS,
            _P.PEOPLE,
            _P.REGISTER_READ,
            _P.RELEASES_BACK,
            _P.FREEZES,
            _P.FOLLOW,
            _P.KILL,
            _P.CONSENTS_READ,
            _P.CONSENTS_WRITE,
            _P.REDACTIONS_READ,
        }
    ),
    # A service has what SERVICES says, nothing by its role.
    Role.SERVICE: frozenset(),
}

SERVICES: dict[str, frozenset[Permission]] = {
    "gateway": frozenset({_P.DOCUMENTS_READ, _P.SEGMENTS_WRITE}),
    "fleet": frozenset({_P.FLEET_READ, _P.FLEET_REPORT}),
    "trainer": frozenset({_P.READ, _P.VERSIONS_REGISTER, _P.RELEASES_WRITE, _P.CONSENTS_READ}),
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a request came from."""

    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Principal:
    """An actor with what they may do and where the request came from."""

    actor: Actor
    permissions: frozenset[Permission] = field(default=frozenset())
    must_change_password: bool = False
    """Signed in with a one-time password: may do nothing else, and has no permissions."""
    limited: bool = False
    """Comes with a key of limited scopes, which must not make itself a better one."""
    ip: str | None = None
    user_agent: str | None = None
    request_id: str | None = None

    @property
    def may_manage_itself(self) -> bool:
        """Whether it may make and end its own keys and sessions."""
        return self.person is not None and not self.limited and not self.must_change_password

    @property
    def person(self) -> str | None:
        """The person behind the key; None for services and the system."""
        return self.actor.id if self.actor.type is ActorType.PERSON else None

    def require(self, permission: Permission) -> None:
        """Raise ForbiddenError unless they have it; services ask too, not only the doors."""
        if permission not in self.permissions:
            raise ForbiddenError(f"this takes the permission {permission.value}")


def acting(actor: Actor, permissions: frozenset[Permission], source: Source) -> Principal:
    """A principal who asks from there."""
    return Principal(
        actor=actor,
        permissions=permissions,
        ip=source.ip,
        user_agent=source.user_agent,
        request_id=source.request_id,
    )


def system(name: str, auth_method: str = "internal") -> Principal:
    """The control plane itself acting, e.g. its publisher."""
    return Principal(actor=Actor(type=ActorType.SYSTEM, id=name, auth_method=auth_method))


def permissions_of(roles: list[str]) -> frozenset[Permission]:
    """Everything a person with these roles may do."""
    return frozenset[Permission]().union(*(ROLES[Role(role)] for role in roles))
