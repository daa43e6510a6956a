"""Access review: who may do what, since when and by whom, and which keys deserve a look."""

from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import Client, html, ui

from control_plane import clock
from control_plane.console.desk import Desk
from control_plane.console.elements.badge import badge
from control_plane.console.elements.head import head
from control_plane.console.elements.moment import moment, spoken
from control_plane.console.elements.table import Column, table
from control_plane.console.frame import BUILD_WITHIN_S, ROOT, frame, title
from control_plane.console.missing import not_yours
from control_plane.db import ReadSession
from control_plane.people.access_review import access_review
from control_plane.principal import Permission, Principal

IDLE_S = 90 * 86_400
"""A key that nobody has used for so long is worth asking about."""
Row = dict[str, Any]


@dataclass(frozen=True)
class View:
    """All that this page shows."""

    allowed: bool
    people: tuple[Row, ...] = ()
    keys: tuple[Row, ...] = ()


def register() -> None:
    """Make the page known."""

    @ui.page("/access-review", title=title("Access review"), response_timeout=BUILD_WITHIN_S)
    async def review(client: Client) -> None:
        desk = Desk(client)
        with frame(desk, "Audit", "Access review"):
            desk.live(load, draw)
        await desk.look()


def load(session: ReadSession, principal: Principal) -> View:
    """As the API's access review tells it."""
    if Permission.REGISTER_READ not in principal.permissions:
        return View(allowed=False)
    found = access_review(session)
    keys = [
        key | {"holder": holder["id"], "doubts": doubts_of(key)}
        for holder in (*found["people"], *found["services"])
        for key in holder["keys"]
        if key["live"]
    ]
    keys.sort(key=lambda key: (not key["doubts"], key["created_at"]))
    return View(True, tuple(found["people"]), tuple(keys))


def doubts_of(key: Row) -> list[str]:
    """What makes a good key worth a question."""
    found = []
    if key["made_by_another"]:
        found.append(f"{key['created_by']} has seen it")
    if key["expires_at"] is None:
        found.append("has no end")
    if key["last_used_at"] is None:
        found.append("was never used")
    elif clock.seconds_since(key["last_used_at"]) > IDLE_S:
        found.append("was not used for 90 days")
    return found


def draw(view: View) -> None:
    """Persons, then keys, the doubtful ones on top."""
    if not view.allowed:
        not_yours(Permission.REGISTER_READ)
        return
    text = (
        "Who may do what today, since when without a break and by whom, read from the register; "
        "and every key that is good, with what speaks for a question."
    )
    with head("Access review", text):
        html.a("Download", href="/api/v1/access-review", download="access-review.json").classes(
            "button"
        )
        html.a("Who could publish on a day", href=f"{ROOT}/questions?what=entitled").classes(
            "button"
        )
    with html.section(**{"aria-label": "Persons"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Persons")
        table("Persons", _PERSONS, view.people)
    with html.section(**{"aria-label": "Good keys"}).classes("panel"):
        with html.div().classes("panel-head"):
            html.h2("Good keys")
            doubtful = sum(bool(key["doubts"]) for key in view.keys)
            html.span(f"{doubtful} of {len(view.keys)} worth a question").classes("quiet")
        table("Good keys, doubtful ones first", _KEYS, view.keys)


def _roles(person: Row) -> str | None:
    if not person["roles"]:
        return "none"
    for role, held in person["roles"].items():
        with html.p():
            html.span(role.replace("_", " "))
            html.span(f" since {spoken(held['at'])}, by {held['by']}").classes("quiet")
    return None


def _password(person: Row) -> str:
    password = person["password"]
    if password is None:
        return "none"
    return "one-time" if password["one_time"] else f"since {spoken(password['set_at'])}"


def _name(person: Row) -> None:
    html.p(person["name"]).classes("strong")
    html.p(person["id"]).classes("quiet")


def _doubts(key: Row) -> str | None:
    if not key["doubts"]:
        return "nothing"
    with html.ul():
        for each in key["doubts"]:
            html.li(each)
    return None


def _moment(name: str, absent: str, key: Row) -> str | None:
    if key[name] is None:
        return absent
    moment(key[name])
    return None


def _code(key: Row) -> None:
    html.code(key["prefix"])
    if key["name"]:
        html.p(key["name"]).classes("quiet")


_PERSONS: tuple[Column[Row], ...] = (
    Column("Person", _name),
    Column("State", lambda person: badge("disabled" if person["disabled_at"] else "active")),
    Column("Roles", _roles),
    Column("Password", _password),
    Column("Signed in", lambda person: str(person["sessions"]), "number"),
    Column("Good keys", lambda person: str(sum(k["live"] for k in person["keys"])), "number"),
)
_KEYS: tuple[Column[Row], ...] = (
    Column("Key", _code),
    Column("Acts for", lambda key: key["holder"]),
    Column("Worth a question", _doubts),
    Column("May do", lambda key: ", ".join(key["scopes"] or ()) or "all that its holder may"),
    Column("Last used", partial(_moment, "last_used_at", "never")),
    Column("Ends", partial(_moment, "expires_at", "never")),
)
