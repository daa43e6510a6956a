"""HTTP of the named questions. That one was asked is recorded like any reading."""

import dataclasses
from collections.abc import Iterable
from itertools import islice
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.reads import ENTITY, record_read
from control_plane.auth import allow
from control_plane.inquiry.answers import (
    EntitledAnswer,
    PublishAnswer,
    ServedAnswer,
    StaleApprovalAnswer,
)
from control_plane.inquiry.entitled import entitled
from control_plane.inquiry.history import Period
from control_plane.inquiry.publishes import WITHOUT_APPROVAL, publishes
from control_plane.inquiry.served import served
from control_plane.inquiry.stale_approvals import stale_approvals
from control_plane.paging import USUAL_LIMIT, Paged, name_next
from control_plane.parts import Parts, Running
from control_plane.principal import Permission, Principal
from control_plane.router import Router

router = Router(prefix="/api/v1/register/questions")
Auditor = Annotated[Principal, allow(Permission.REGISTER_READ, Action.REGISTER_READ, ENTITY)]
Time = Annotated[str | None, Query(max_length=100)]
Limit = Annotated[int, Query(ge=1, le=1000)]
After = Annotated[int, Query(ge=0, le=2**53 - 1)]


class Sequence:
    """A page of what an event's number orders; ``after`` is the last page's last one."""

    def __init__(
        self, request: Request, response: Response, after: After = 0, limit: Limit = USUAL_LIMIT
    ) -> None:
        self.after = after
        self._request, self._response, self._limit = request, response, limit

    def page(self, found: Iterable[Any]) -> list[dict[str, Any]]:
        """The first ones after it, and in the answer's head where the next page begins."""
        later = (each for each in found if each.seq > self.after)
        page = list(islice(later, self._limit))
        if len(page) == self._limit:
            name_next(self._request, self._response, "after", str(page[-1].seq))
        return [dataclasses.asdict(each) for each in page]


Asked = Annotated[Sequence, Depends()]


@router.get("/publishes")
def get_publishes(
    parts: Running,
    auditor: Auditor,
    asked: Asked,
    since: Time = None,
    until: Time = None,
    *,
    unapproved: bool = False,
) -> list[PublishAnswer]:
    """Every published change of a route; ``unapproved``: those without independent approval."""
    period = Period(since, until)
    _note(parts, auditor, "publishes", since=since, until=until, unapproved=unapproved)
    with parts.database.read() as session:
        found = (
            each
            for each in publishes(session, period)
            if not unapproved or each.verdict in WITHOUT_APPROVAL
        )
        return asked.page(found)


@router.get("/stale-approvals")
def get_stale_approvals(
    parts: Running,
    auditor: Auditor,
    asked: Asked,
    since: Time = None,
    until: Time = None,
) -> list[StaleApprovalAnswer]:
    """Moves forward on an approval older than the release's last edit."""
    period = Period(since, until)
    _note(parts, auditor, "stale-approvals", since=since, until=until)
    with parts.database.read() as session:
        return asked.page(stale_approvals(session, period))


@router.get("/who-could-publish")
def get_entitled(
    parts: Running,
    auditor: Auditor,
    page: Paged,
    at: Annotated[str, Query(max_length=100)],
    permission: Annotated[str, Query(max_length=100)] = Permission.RELEASES_FORWARD.value,
) -> list[EntitledAnswer]:
    """Who could move a release forward at a time, or had another permission."""
    moment = clock.parse(at, "at")
    known = [each.value for each in Permission]
    if permission not in known:
        raise ContractError("permission", f"one of {known}", permission)
    _note(parts, auditor, "who-could-publish", at=moment, permission=permission)
    with parts.database.read() as session:
        found = entitled(session, moment, Permission(permission))
    found.sort(key=lambda each: [each.id, each.type])
    shown = page.cut(found, lambda each: [each.id, each.type], (str, str))
    return [dataclasses.asdict(each) for each in shown]


@router.get("/served")
def get_served(
    parts: Running,
    auditor: Auditor,
    model: Annotated[str, Query(max_length=200)],
    at: Annotated[str, Query(max_length=100)],
) -> ServedAnswer:
    """What a model's route and kill were at a time."""
    moment = clock.parse(at, "at")
    _note(parts, auditor, "served", model=model, at=moment)
    with parts.database.read() as session:
        return dataclasses.asdict(served(session, model, moment))


def _note(parts: Parts, auditor: Principal, what: str, **asked: Any) -> None:
    told = {"what": what, **asked}
    record_read(parts.database, parts.reads, auditor, Action.REGISTER_READ, told)
