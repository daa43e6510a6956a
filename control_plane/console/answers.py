"""Auditors' named questions: what each asks for, whom it is put to, how its answer is drawn."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from nicegui import html

from control_plane import clock
from control_plane.console.elements.badge import badge
from control_plane.console.elements.moment import given_moment, moment
from control_plane.console.elements.table import Column
from control_plane.console.frame import ROOT
from control_plane.db import ReadSession
from control_plane.inquiry.entitled import entitled
from control_plane.inquiry.history import Period
from control_plane.inquiry.publishes import WITHOUT_APPROVAL, publishes
from control_plane.inquiry.served import served
from control_plane.inquiry.stale_approvals import stale_approvals
from control_plane.principal import Permission

MOST = 500
Row = dict[str, Any]
Given = Mapping[str, str]


@dataclass(frozen=True)
class Inquiry:
    """``fields``: names of what it is asked with; ``nothing``: what no answer means."""

    name: str
    words: str
    fields: tuple[str, ...]
    ask: Callable[[ReadSession, Given], list[Row]]
    columns: tuple[Column[Row], ...]
    nothing: str


def _publishes(session: ReadSession, given: Given) -> list[Row]:
    found = (e for e in publishes(session, _period(given)) if e.verdict in WITHOUT_APPROVAL)
    return [asdict(each) for each in islice(found, MOST)]


def _stale(session: ReadSession, given: Given) -> list[Row]:
    return [asdict(each) for each in islice(stale_approvals(session, _period(given)), MOST)]


def _entitled(session: ReadSession, given: Given) -> list[Row]:
    permission = Permission(given.get("permission") or Permission.RELEASES_FORWARD)
    return [asdict(each) for each in entitled(session, _at(given), permission)]


def _served(session: ReadSession, given: Given) -> list[Row]:
    return [asdict(served(session, given.get("model", ""), _at(given)))]


def _period(given: Given) -> Period:
    return Period(given_moment(given.get("since", "")), given_moment(given.get("until", "")))


def _at(given: Given) -> str:
    told = given_moment(given.get("at", ""))
    return clock.parse(told, "at") if told else clock.now()


def _event(name: str) -> Callable[[Row], None]:
    def draw(row: Row) -> None:
        if row[name] is None:
            html.span("none")
        else:
            html.a(str(row[name]), href=f"{ROOT}/audit/{row[name]}")

    return draw


def _release(row: Row) -> None:
    if not row["release"]:
        html.span("none")
        return
    name = row["release"].removeprefix("release:")
    html.a(f"{name[:13]}…", href=f"{ROOT}/releases/{name}", title=name)


def _canary(row: Row) -> str:
    canary = row["canary"] or {}
    return ", ".join(f"{name} {value}" for name, value in canary.items()) or "none"


INQUIRIES: dict[str, Inquiry] = {
    "publishes": Inquiry(
        "Changes without independent approval",
        "Every published change of a route that no second person had approved: kills, which need "
        "none, and whatever else there should not be.",
        ("since", "until"),
        _publishes,
        (
            Column("Event", _event("seq")),
            Column("When", lambda row: moment(row["at"])),
            Column("Verdict", lambda row: badge(row["verdict"])),
            Column("Model", lambda row: row["model"] or "unknown"),
            Column("By", lambda row: row["by"] or "unknown"),
            Column("Why", lambda row: row["reason"] or "nothing in the register explains it"),
        ),
        "Every published change in this time was approved by a second person, or went back.",
    ),
    "stale": Inquiry(
        "Approvals older than the last edit",
        "Moves forward on an approval of something else than what moved. The interlocking "
        "refuses such a move, so none should ever be found.",
        ("since", "until"),
        _stale,
        (
            Column("Event", _event("seq")),
            Column("When", lambda row: moment(row["at"])),
            Column("Release", _release),
            Column("What", lambda row: row["action"]),
            Column("Approver", lambda row: row["approver"]),
            Column("Approved in", _event("approved_seq")),
            Column("Edited in", _event("edit_seq")),
        ),
        "No move forward in this time stood on an approval older than the last edit.",
    ),
    "entitled": Inquiry(
        "Who could publish at a time",
        "Persons and services that had a permission then, by the register: whoever could have "
        "done it, not whoever did.",
        ("at", "permission"),
        _entitled,
        (
            Column("Who", lambda row: row["id"], "strong"),
            Column("Kind", lambda row: row["type"]),
            Column("Roles", lambda row: ", ".join(row["roles"]) or "none"),
            Column("Keys good then", lambda row: ", ".join(row["keys"]) or "none"),
            Column("Since event", _event("since_seq")),
        ),
        "Nobody had that permission then.",
    ),
    "served": Inquiry(
        "What served a model at a time",
        "Route and kill as they were published then; what one gateway did is in its decisions.",
        ("model", "at"),
        _served,
        (
            Column("Model", lambda row: row["model"], "strong"),
            Column("Version", lambda row: row["version"]),
            Column("Canary", _canary),
            Column("Shadow", lambda row: ", ".join(row["shadow"]) or "none"),
            Column("Killed to", lambda row: row["kill"]["version"] if row["kill"] else "no"),
            Column("Since", lambda row: moment(row["routes_at"])),
            Column("Event", _event("routes_seq")),
        ),
        "It served nobody then.",
    ),
}
