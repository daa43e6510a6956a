from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.acceptance
SESSION = "/api/v1/session"
PASSWORD = "correct horse battery"
COOKIE = "signalbox_session"


class Browser:
    """Keeps cookies and says where its requests come from, as browsers do."""

    def __init__(self, plane: Any, site: str = "same-origin", **headers: str) -> None:
        self.client = httpx.Client(
            base_url=plane.url, headers={"sec-fetch-site": site} | headers, verify=False
        )

    def sign_in(self, person: str, password: str = PASSWORD) -> httpx.Response:
        return self.client.post(SESSION, json={"person": person, "password": password})

    @property
    def token(self) -> str:
        return self.client.cookies[COOKIE]

    def who(self) -> httpx.Response:
        return self.client.get(SESSION)


@pytest.fixture
def browser(plane):
    opened = []

    def open_browser(**headers: str) -> Browser:
        opened.append(Browser(plane, **headers))
        return opened[-1]

    yield open_browser
    for each in opened:
        each.client.close()


def one_time(plane, person: str) -> str:
    answer = plane.admin.post(f"/api/v1/people/{person}/password")
    assert answer.status_code == 201, answer.text
    return answer.json()["password"]


@pytest.fixture(scope="session")
def people(plane) -> dict[str, str]:
    """One person a role, each with a password; argon2 is slow by design."""
    found = {}
    for role in ("viewer", "admin"):
        person = plane.person(role).person
        given = one_time(plane, person)
        with httpx.Client(base_url=plane.url, verify=False) as client:
            assert client.post(SESSION, json={"person": person, "password": given}).is_success
            client.headers["sec-fetch-site"] = "same-origin"
            body = {"current_password": given, "new_password": PASSWORD}
            assert client.put(f"{SESSION}/password", json=body).is_success
        found[role] = person
    return found


def test_signing_in_and_out(plane, people, browser):
    me = browser()
    answer = me.sign_in(people["viewer"])
    assert answer.status_code == 201
    assert answer.json()["id"] == people["viewer"]
    assert "read" in answer.json()["permissions"]
    assert "people" not in answer.json()["permissions"]
    assert me.token not in answer.text
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "path=/" in cookie
    assert me.who().json()["auth_method"] == "session"
    assert me.client.get("/api/v1/models").status_code == 200
    token = me.token
    assert me.client.delete(SESSION).json() == {"provider_sign_out": None}
    assert COOKIE not in me.client.cookies
    # Not only the cookie is gone: the token itself is good for nothing.
    me.client.cookies.set(COOKIE, token)
    assert me.who().status_code == 401


def test_a_one_time_password_is_good_for_choosing_another_and_nothing_else(plane, browser):
    person = plane.person("admin").person
    given = one_time(plane, person)
    me = browser()
    answer = me.sign_in(person, given)
    assert answer.json()["must_change_password"] is True
    assert answer.json()["permissions"] == []
    refused = me.client.get("/api/v1/people")
    assert refused.status_code == 403
    assert "PUT /api/v1/session/password" in refused.json()["detail"]
    first = me.token
    body = {"current_password": given, "new_password": PASSWORD}
    changed = me.client.put(f"{SESSION}/password", json=body)
    assert changed.json()["must_change_password"] is False
    assert me.token != first
    assert me.client.get("/api/v1/people").status_code == 200
    assert browser().sign_in(person, given).status_code == 401
    old = browser()
    old.client.cookies.set(COOKIE, first)
    assert old.who().status_code == 401


def test_a_changed_password_ends_every_other_session(plane, people, browser):
    person = plane.person("viewer").person
    given = one_time(plane, person)
    here, there = browser(), browser()
    here.sign_in(person, given)
    there.sign_in(person, given)
    body = {"current_password": given, "new_password": PASSWORD}
    assert here.client.put(f"{SESSION}/password", json=body).status_code == 200
    assert here.who().status_code == 200
    assert there.who().status_code == 401


def test_wrong_and_unknown_are_refused_alike(people, browser):
    me = browser()
    answers = [me.sign_in(people["viewer"], "wrong horse battery"), me.sign_in("nobody")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert COOKIE not in me.client.cookies


def test_a_token_handed_to_a_browser_before_is_not_taken_over(people, browser):
    attacker, victim = browser(), browser()
    attacker.sign_in(people["viewer"])
    planted = attacker.token
    victim.client.cookies.set(COOKIE, planted)
    victim.sign_in(people["admin"])
    assert victim.client.cookies.get(COOKIE, domain="127.0.0.1") != planted
    assert attacker.who().status_code == 401


@pytest.mark.parametrize("place", ["kind", "id", "secret"])
def test_a_tampered_token_is_refused(plane, people, browser, place):
    me = browser()
    me.sign_in(people["viewer"])
    kind, session_id, secret = me.token.split("_", 2)
    forged = {
        "kind": f"sbx_{session_id}_{secret}",
        "id": f"{kind}_{'0' * 12}_{secret}",
        "secret": f"{kind}_{session_id}_{secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}",
    }[place]
    other = browser()
    other.client.cookies.set(COOKIE, forged)
    assert other.who().status_code == 401
    assert plane.client(me.token).get("/api/v1/models").status_code == 401


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "OURS"}, False),
        ({"origin": "OURS"}, True),
        ({"origin": "https://evil.example"}, False),
        ({"origin": "null"}, False),
        ({}, False),
    ],
)
def test_a_change_by_cookie_takes_our_own_page(plane, people, browser, headers, allowed):
    me = browser()
    me.sign_in(people["admin"])
    sent = {name: plane.url if value == "OURS" else value for name, value in headers.items()}
    with httpx.Client(base_url=plane.url, verify=False, cookies={COOKIE: me.token}) as client:
        answer = client.put("/api/v1/attributes", json={"csrf": "string"}, headers=sent)
    assert answer.status_code == (200 if allowed else 403)


def test_a_foreign_page_cannot_sign_a_browser_in(people, browser):
    foreign = browser(site="cross-site")
    assert foreign.sign_in(people["viewer"]).status_code == 403
    assert COOKIE not in foreign.client.cookies


def test_a_key_needs_no_page_and_wins_over_a_cookie(plane, people, browser):
    me = browser(site="cross-site")
    me.client.cookies.set(COOKIE, "sbs_nonsense")
    key = plane.person("admin").headers["authorization"]
    answer = me.client.put(
        "/api/v1/attributes", json={"csrf": "string"}, headers={"authorization": key}
    )
    assert answer.status_code == 200


def test_disabling_or_new_roles_end_a_session_at_once(plane, browser):
    person = plane.person("viewer").person
    given = one_time(plane, person)
    me = browser()
    me.sign_in(person, given)
    assert me.who().status_code == 200
    roles = {"roles": ["viewer", "compliance"]}
    assert plane.admin.patch(f"/api/v1/people/{person}", json=roles).status_code == 200
    assert me.who().status_code == 401
    me.sign_in(person, given)
    assert plane.admin.delete(f"/api/v1/people/{person}").status_code == 200
    assert me.who().status_code == 401
    assert me.sign_in(person, given).status_code == 401


def test_behind_tls_the_cookie_is_for_this_host_alone(plane, people, browser):
    me = browser(**{"x-forwarded-proto": "https"})
    cookie = me.sign_in(people["viewer"]).headers["set-cookie"]
    assert cookie.startswith(f"__Host-{COOKIE}=sbs_")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    token = cookie.partition("=")[2].partition(";")[0]
    # A plain cookie of the name may have been set by any host of the domain.
    plain = {"cookie": f"{COOKIE}={token}", "x-forwarded-proto": "https"}
    assert httpx.get(plane.url + SESSION, headers=plain).status_code == 401
    good = {"cookie": f"__Host-{COOKIE}={token}", "x-forwarded-proto": "https"}
    assert httpx.get(plane.url + SESSION, headers=good).status_code == 200


def test_a_password_is_never_sent_back_nor_recorded(plane, people, browser):
    me = browser()
    for body in ({"person": people["viewer"], "password": 77112233445566}, {"password": PASSWORD}):
        answer = me.client.post(SESSION, json=body)
        assert answer.status_code == 422
        assert "77112233445566" not in answer.text
        assert PASSWORD not in answer.text
    me.sign_in(people["viewer"], "a wrong zebra password")
    events = plane.admin.get("/api/v1/register/events", params={"limit": 1000}).text
    assert "zebra" not in events
    assert PASSWORD not in events


@pytest.mark.parametrize(
    "new", ["short", "x" * 201, "aaaaaaaaaaaaaaaa", "password1234", "PERSON-password"]
)
def test_a_poor_password_names_its_field(plane, people, browser, new):
    me = browser()
    me.sign_in(people["viewer"])
    body = {
        "current_password": PASSWORD,
        "new_password": new.replace("PERSON", people["viewer"] * 2),
    }
    answer = me.client.put(f"{SESSION}/password", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "new_password"


def test_the_present_password_is_asked_for(people, browser):
    me = browser()
    me.sign_in(people["viewer"])
    body = {"current_password": "not mine at all", "new_password": "another horse battery"}
    assert me.client.put(f"{SESSION}/password", json=body).status_code == 403


def test_nobody_resets_their_own_from_a_session(people, browser):
    me = browser()
    me.sign_in(people["admin"])
    assert me.client.post(f"/api/v1/people/{people['admin']}/password").status_code == 409


def test_signing_in_and_out_stands_in_the_register(plane, people, browser):
    me = browser()
    me.sign_in(people["viewer"])
    session_id = me.token.split("_")[1]
    me.client.delete(SESSION)
    query = {"entity": f"session:{session_id}"}
    events = plane.admin.get("/api/v1/register/events", params=query).json()
    assert [event["action"] for event in events] == ["session:create", "session:end"]
    assert {event["actor"]["id"] for event in events} == {people["viewer"]}
    assert "digest" not in str(events)


def test_guessing_is_slowed_down_and_told_once(plane, people, browser):
    address = "198.51.100.23"
    guesser = browser(**{"x-forwarded-for": address})
    answer = until_throttled(lambda n: guesser.sign_in(people["viewer"], f"guess number {n}"))
    assert int(answer.headers["retry-after"]) >= 1
    assert "Too many attempts" in answer.text
    # From elsewhere the person signs in as ever.
    assert browser().sign_in(people["viewer"]).status_code == 201
    query = {"entity": f"person:{people['viewer']}", "action": "session:create"}
    events = plane.admin.get("/api/v1/register/events", params=query).json()
    told = [event for event in events if event["ip"] == address]
    assert [event["outcome"] for event in told] == ["denied"]


def test_a_stolen_session_does_not_guess_the_password(plane, people, browser):
    me = browser()
    me.sign_in(people["admin"])
    new = {"new_password": "another one 4711"}
    until_throttled(
        lambda n: me.client.put(
            f"{SESSION}/password", json={"current_password": f"guess number {n}", **new}
        )
    )


def until_throttled(attempt) -> httpx.Response:
    """Guess until the answer is 429; the first five are free, and a busy machine may wait."""
    for number in range(12):
        answer = attempt(number)
        if answer.status_code == 429:
            assert number >= 5
            return answer
    raise AssertionError("never throttled")
