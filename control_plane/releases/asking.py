"""Whether whoever asks may use a verb on a release, and knows what they use it on."""

from bentos.contract.register import ActorType
from control_plane.approvals import service as approvals
from control_plane.db import ReadSession
from control_plane.errors import ForbiddenError
from control_plane.principal import Principal
from control_plane.releases import lifecycle
from control_plane.releases.conflict import check_named_revision, check_revision
from control_plane.releases.lifecycle import Verb
from control_plane.releases.models import ReleaseRow


def check_asker(
    session: ReadSession, principal: Principal, row: ReleaseRow, verb: Verb, expected: int | None
) -> None:
    """Raise ForbiddenError, PreconditionRequiredError or StaleError unless they may and do."""
    rule = lifecycle.RULES[verb]
    check_permission(principal, verb)
    if rule.persons_only and principal.actor.type is not ActorType.PERSON:
        raise ForbiddenError(f"only a person may {verb.value}")
    if rule.second_person:
        approvals.check_second_person(session, principal, row.id)
    if rule.names_revision:
        check_named_revision(session, row, expected, verb.value)
    check_revision(session, row, expected)


def check_permission(principal: Principal, verb: Verb) -> None:
    """Raise ForbiddenError unless the verb is theirs to use."""
    permission = lifecycle.RULES[verb].permission
    if permission is None:
        raise ForbiddenError(f"{verb.value} is done by the system alone")
    if permission not in principal.permissions:
        raise ForbiddenError(f"to {verb.value} takes {permission.value}")
