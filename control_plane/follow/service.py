"""Who follows what, and what of it is taken.

To follow is to let somebody else move traffic without an approval here. So it takes two persons
to begin, any one who may go back to end it, and each change that comes is an event of its own.
"""

from typing import Any
from urllib.parse import urlsplit

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.route import compile_features, feature_key
from control_plane import clock
from control_plane.approvals.hands import check_independent
from control_plane.audit.service import Change, record
from control_plane.db import ReadSession, WriteSession
from control_plane.errors import ForbiddenError, NotFoundError, PolicyError
from control_plane.follow.models import FollowRow
from control_plane.follow.payload import Payload, RefusedError
from control_plane.follow.queries import in_force, standing
from control_plane.follow.schemas import FollowIn
from control_plane.follow.secret import check_reference
from control_plane.follow.translation import translate
from control_plane.identifier import new_id
from control_plane.lint.publication import check_model
from control_plane.principal import Permission, Principal, system
from control_plane.publish import features as compiled
from control_plane.registry.history import stable_of
from control_plane.registry.models import VersionRow
from control_plane.registry.service import get_model
from control_plane.releases.lifecycle import STARTED, State
from control_plane.releases.plan import why_unfit
from control_plane.releases.queries import open_release
from control_plane.releases.routes import desired_routes

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
WHOLE = "*"
WITHOUT_APPROVAL = "without our approval: the upstream GrowthBook changed it"
FOLLOWER = system("follower")


def propose(session: WriteSession, principal: Principal, wanted: FollowIn) -> FollowRow:
    """Say what is to be followed; nothing happens until a second person agrees."""
    principal.require(Permission.FOLLOW)
    if principal.person is None:
        raise ForbiddenError("a person proposes to follow an upstream")
    other = standing(session)
    if other is not None:
        raise PolicyError(f"follow {other.id} stands; end it first")
    _check_url(wanted.url)
    check_reference(wanted.client_key, "client_key")
    if wanted.decryption_key is not None:
        check_reference(wanted.decryption_key, "decryption_key")
    for index, model in enumerate(wanted.models):
        get_model(session, model)
        if stable_of(session, model) is None:
            got = f"{model}, which has no stable version to come back to"
            raise ContractError(f"models[{index}]", "a released model", got)
    row = FollowRow(
        id=new_id(),
        url=wanted.url.rstrip("/"),
        client_key=wanted.client_key,
        decryption_key=wanted.decryption_key,
        models=sorted(set(wanted.models)),
        reason=wanted.reason,
        ticket=wanted.ticket,
        proposed_by=principal.person,
        proposed_at=clock.now(),
        accepted={},
        refused={},
    )
    session.add(row)
    session.flush()
    _record(session, principal, Action.FOLLOW_PROPOSE, None, row, wanted.reason)
    return row


def approve(session: WriteSession, principal: Principal, follow_id: str, reason: str) -> FollowRow:
    """Agree to it, as a person who did not propose it; from now on it is in force."""
    principal.require(Permission.RELEASES_APPROVE)
    row = _get(session, follow_id)
    if row.approved_at is not None:
        raise PolicyError("it is in force already")
    if principal.person is None or principal.person == row.proposed_by:
        raise ForbiddenError("to follow an upstream is approved by a person who did not propose it")
    check_independent(session, principal.person, {row.proposed_by})
    for model in row.models:
        release = open_release(session, model)
        if release is not None and State(release.state) in STARTED:
            raise PolicyError(f"{model} has a release under way: {release.id} ({release.state})")
    before = view(row)
    row.approved_by, row.approved_at = principal.person, clock.now()
    _change(session, row)
    _record(session, principal, Action.FOLLOW_APPROVE, before, row, reason)
    return row


def end(session: WriteSession, principal: Principal, follow_id: str, reason: str) -> FollowRow:
    """Stop following: the models go back to their stable versions. Going back needs no approval."""
    principal.require(Permission.RELEASES_BACK)
    row = _get(session, follow_id)
    before = view(row)
    row.ended_by, row.ended_at = principal.actor.id, clock.now()
    _change(session, row)
    _record(session, principal, Action.FOLLOW_END, before, row, reason)
    return row


def take(session: WriteSession, follow_id: str, payload: Payload) -> bool:
    """Take what is good of a payload, model by model; whether anything changed.

    What is refused leaves the model's last good feature as it is. Nothing is done for a follow
    that is over, or for a payload older than the one taken last.
    """
    row = in_force(session)
    if row is None or row.id != follow_id:
        return False
    if row.upstream_date is not None and payload.date < row.upstream_date:
        why = f"it is of {payload.date}, older than {row.upstream_date}, which was taken"
        return _settle(session, row, dict(row.accepted), {**row.refused, WHOLE: why})
    accepted, refused = dict(row.accepted), {}
    for model in row.models:
        try:
            accepted[model] = _judged(session, model, payload)
        except RefusedError as error:
            refused[model] = error.why
    row.upstream_date = payload.date
    return _settle(session, row, accepted, refused)


def refuse(session: WriteSession, follow_id: str, why: str) -> bool:
    """Note that a whole payload could not be read."""
    row = in_force(session)
    if row is None or row.id != follow_id:
        return False
    return _settle(session, row, dict(row.accepted), {**row.refused, WHOLE: why})


def note_late(session: WriteSession, follow_id: str, *, late: bool) -> bool:
    """Note that nothing was heard for too long, or that something is heard again."""
    row = in_force(session)
    if row is None or row.id != follow_id or late == (row.late_since is not None):
        return False
    before = view(row)
    row.late_since = clock.now() if late else None
    _change(session, row)
    why = "nothing was heard for too long" if late else "it is heard again"
    _record(session, FOLLOWER, Action.FOLLOW_LATE, before, row, why)
    return True


def view(row: FollowRow) -> dict[str, Any]:
    """As the API and the register show it; secrets are references."""
    state = "ended" if row.ended_at else "in_force" if row.approved_at else "proposed"
    return row.model_dump(exclude={"standing"}) | {"state": state}


def _settle(
    session: WriteSession, row: FollowRow, accepted: dict[str, Any], refused: dict[str, str]
) -> bool:
    before, changed = view(row), accepted != row.accepted
    news = {model: why for model, why in refused.items() if row.refused.get(model) != why}
    if changed:
        row.accepted, row.accepted_at = accepted, clock.now()
        _change(session, row)
        _record(session, FOLLOWER, Action.FOLLOW_ACCEPT, before, row, WITHOUT_APPROVAL)
        before = view(row)
    if refused != row.refused:
        row.refused = refused
        _change(session, row)
    if news:
        why = "; ".join(f"{model}: {why}" for model, why in sorted(news.items()))
        _record(session, FOLLOWER, Action.FOLLOW_REFUSE, before, row, why[:2000])
    session.add(row)
    return changed or bool(news)


def _judged(session: ReadSession, model: str, payload: Payload) -> dict[str, Any]:
    """The model's feature in our form; raises RefusedError."""
    key = feature_key(model)
    if key not in payload.features:
        raise RefusedError(f"the payload has no feature {key}")
    feature = translate(payload.features[key], payload.groups)
    others = tuple(route for route in desired_routes(session) if route.model != model)
    wrong = check_model(session, model, {**compile_features(others), key: feature})
    if wrong:
        raise RefusedError("; ".join(each.sentence() for each in wrong))
    for version in sorted(compiled.versions_in(feature)):
        why = _why_unfit(session, model, version)
        if why:
            raise RefusedError(why)
    return feature


def _why_unfit(session: ReadSession, model: str, version: str) -> str | None:
    row = session.get(VersionRow, version)
    if row is None or row.model != model:
        return f"{version} is no registered version of {model}"
    return "; ".join(why_unfit(session, row)) or None


def _get(session: ReadSession, follow_id: str) -> FollowRow:
    row = session.get(FollowRow, follow_id)
    if row is None:
        raise NotFoundError(f"no follow {follow_id}")
    if row.ended_at is not None:
        raise PolicyError("it is over")
    return row


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    if not (safe and plain and parts.hostname):
        expected = "https://host[/path] (http:// for this machine only), without credentials"
        raise ContractError("url", expected, "something else" if parts.password else url)


def _change(session: WriteSession, row: FollowRow) -> None:
    row.revision += 1
    session.add(row)
    session.flush()


def _record(
    session: WriteSession,
    principal: Principal,
    action: Action,
    before: dict[str, Any] | None,
    row: FollowRow,
    reason: str,
) -> None:
    change = Change(
        action=action,
        entity=f"follow:{row.id}",
        before=before,
        after=view(row),
        entity_revision=row.revision,
        reason=reason,
        ticket=row.ticket,
        approvals=(row.approved_by,) if row.approved_by else (),
    )
    record(session, principal, change)
