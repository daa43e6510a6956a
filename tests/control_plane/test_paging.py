"""Lists in pages: every entry once, whatever comes or goes while somebody reads."""

import base64
import json

import pytest
from sqlmodel import col, select

from bentos.contract.errors import ContractError
from control_plane.app import ROUTERS
from control_plane.db import Database
from control_plane.paging import MAX_LIMIT, Listing
from control_plane.people.models import PersonRow
from tests.control_plane.consents.test_service import consent

AT = "2026-11-22T00:00:00.000000Z"


@pytest.fixture
def database(any_databases):
    database = Database(any_databases.migrated())
    yield database
    database.dispose()


def add(database, *names):
    with database.write() as session:
        for name in names:
            person = PersonRow(id=name, name="same", roles=[], created_at=AT)
            session.add(person)


def page_of(database, limit, after=None, newest_first=False):
    listing = Listing(limit, after)
    with database.read() as session:
        order = col(PersonRow.name), col(PersonRow.id)
        rows = listing.rows(session, select(PersonRow), *order, newest_first=newest_first)
    return [row.id for row in rows], listing.following


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_together_are_the_list_and_the_last_one_says_so(database, newest_first):
    names = list("abcdefg")
    add(database, *names)
    found, after = [], None
    while True:
        page, after = page_of(database, 3, after, newest_first)
        assert len(page) <= 3
        found += page
        if after is None:
            break
    assert found == (names[::-1] if newest_first else names)
    # A full last page has nothing after it.
    assert page_of(database, 7) == (names, None)


def test_what_comes_and_goes_meanwhile_repeats_and_hides_nothing(database):
    add(database, "b", "d", "f", "h")
    first, after = page_of(database, 2)
    add(database, "a", "e")
    with database.write() as session:
        # The very entry the next page begins after.
        session.delete(session.get_one(PersonRow, "d"))
    rest, after = page_of(database, 10, after)
    assert (first, rest, after) == (["b", "d"], ["e", "f", "h"], None)


def test_a_short_list_is_cut_alike():
    listing = Listing(2)
    assert listing.cut("abcd", lambda each: [each]) == ["a", "b"]
    assert Listing(2, listing.following).cut("abcd", lambda each: [each]) == ["c", "d"]
    assert Listing().cut("abcd", lambda each: [each]) == list("abcd")


@pytest.mark.parametrize("after", [["x"], ["x", "y", "z"], [1, "y"], [True, "y"]])
def test_another_list_s_cursor_is_refused(database, after):
    with pytest.raises(ContractError, match="the cursor of a next link of this list"):
        page_of(database, 2, after)


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!",
        "é",
        encoded({}),
        encoded([]),
        encoded([1]),
        encoded([None, None]),
        encoded(["a\0", "b"]),
        encoded(["\ud800", "b"]),
        encoded([2**70, "b"]),
        encoded([["a"], "b"]),
        encoded(["a"] * 3),
        base64.urlsafe_b64encode(b"[" * 1000).decode(),
    ],
)
def test_a_cursor_that_no_answer_held_is_refused_and_told(plane, cursor):
    answer = plane.admin.get("/api/v1/callers", params={"cursor": cursor})
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["errors"]
    assert error["field"].startswith("cursor")


@pytest.mark.parametrize("limit", ["0", "-1", str(MAX_LIMIT + 1), "many"])
def test_a_page_has_bounds(plane, limit):
    answer = plane.admin.get("/api/v1/callers", params={"limit": limit})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "limit"


def test_links_lead_through_a_list_and_keep_what_was_asked(plane, shop):
    versions = [shop.register(number) for number in range(1, 6)]
    url = f"/api/v1/versions?model={shop.model}&limit=2"
    found, pages = [], 0
    while url is not None:
        answer = shop.author.get(url)
        found += [each["version"] for each in answer.json()]
        pages += 1
        url = answer.links.get("next", {}).get("url")
        assert url is None or f"model={shop.model}" in url
    assert (found, pages) == (versions, 3)


PAGED = sorted(
    route.path for router in ROUTERS for route in router.routes if getattr(route, "is_paged", False)
)


@pytest.mark.parametrize("path", PAGED)
def test_every_list_takes_a_limit_and_a_first_page_is_one(plane, shop, path):
    person = plane.person("compliance", "admin")
    release = shop.draft(shop.register(1), kind="bootstrap")
    given = person.post("/api/v1/consents", json=consent(shop=f"shop-of-{person.person}"))
    names = {
        "person_id": person.person,
        "release_id": release["id"],
        "consent_id": given.json()["id"],
    }
    if "{request_id}" in path:
        wish = {"customers": ["1"], "reason": "letter", "shop": f"shop-of-{person.person}"}
        names["request_id"] = person.post("/api/v1/redactions", json=wish).json()["id"]
    asked = path.format(**names)
    more = {"at": "2030-01-01T00:00:00Z"} if "who-could" in path else {}
    answer = person.get(asked, params={"limit": 1} | more)
    assert answer.status_code == 200, answer.text
    assert len(answer.json()) <= 1
    if "next" in answer.links:
        following = person.get(answer.links["next"]["url"])
        assert following.status_code == 200, following.text
        assert following.json()
        assert following.json() != answer.json()


def test_the_register_s_pages_are_linked_both_ways(plane, shop):
    auditor = plane.person("compliance")
    for params, forward in (({}, True), ({"newest_first": True}, False)):
        answer = auditor.get("/api/v1/register/events", params={"limit": 2} | params)
        following = auditor.get(answer.links["next"]["url"])
        first, then = ([each["seq"] for each in got.json()] for got in (answer, following))
        assert len(first) == len(then) == 2
        assert (max(first) < min(then)) is forward
