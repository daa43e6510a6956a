import json
import re
import subprocess
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from load_tests.free_ports import free_port

pytestmark = pytest.mark.acceptance
SESSION = "/api/v1/session"
START = f"{SESSION}/oidc"
CALLBACK = f"{START}/callback"
USERS = (
    {"sub": "s-ada", "email": "ada@shop.example", "email_verified": True, "groups": ["ops"]},
    {"sub": "s-eve", "email": "eve@evil.example", "email_verified": True, "groups": ["ops"]},
    {"sub": "s-may", "email": "may@shop.example", "email_verified": False, "groups": ["ops"]},
    {"sub": "s-non", "email": "non@shop.example", "email_verified": True, "groups": ["none"]},
    {"sub": "s-gone", "email": "gone@shop.example", "email_verified": True, "groups": ["ops"]},
    {
        "sub": "s-new",
        "email": "new@shop.example",
        "email_verified": True,
        "preferred_username": "admin",
        "groups": ["ops", "read", "what"],
    },
)


class ProviderProcess:
    """A real OpenID provider in a process of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        users = [part for user in USERS for part in ("--user-claims", json.dumps(user))]
        command = [sys.executable, "-m", "oidc_provider_mock", "-p", str(self.port), *users]
        self.process = subprocess.Popen(command, stderr=subprocess.DEVNULL)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/.well-known/openid-configuration").is_success
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def provider():
    process = ProviderProcess()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def oidc_plane(plane_with, provider, tmp_path_factory):
    secret = tmp_path_factory.mktemp("oidc") / "client.secret"
    secret.write_text("a secret\n")
    plane = plane_with(
        SIGNALBOX_OIDC_ISSUER=provider.url,
        SIGNALBOX_OIDC_CLIENT_ID="signalbox",
        SIGNALBOX_OIDC_CLIENT_SECRET_FILE=str(secret),
        SIGNALBOX_OIDC_ROLE_CLAIM="groups",
        SIGNALBOX_OIDC_ROLES=json.dumps({"ops": "release_manager", "read": "viewer"}),
        SIGNALBOX_OIDC_ALLOWED_DOMAINS='["shop.example"]',
        SIGNALBOX_OIDC_AUTO_PROVISION="true",
    )
    plane.settings["SIGNALBOX_PUBLIC_URL"] = plane.url
    plane.start()
    plane.wait(provider.answers, "the provider")
    return plane


@pytest.fixture
def browser(oidc_plane):
    with httpx.Client(base_url=oidc_plane.url, verify=False) as client:
        client.headers["sec-fetch-site"] = "same-origin"
        yield client


def at_the_provider(browser: httpx.Client, subject: str, **query: str) -> str:
    """Begin, sign in at the provider's page; where it sends the browser back to."""
    away = browser.get(START, params=query)
    assert away.status_code == 303, away.text
    done = httpx.post(away.headers["location"], data={"sub": subject})
    assert done.status_code == 302, done.text
    return done.headers["location"]


def sign_in(browser: httpx.Client, subject: str, **query: str) -> httpx.Response:
    return browser.get(at_the_provider(browser, subject, **query))


def test_signing_in_and_out_through_the_provider(oidc_plane, provider, browser):
    methods = browser.get(f"{SESSION}/methods").json()
    assert methods == {"password": True, "oidc": {"name": "single sign-on", "start": START}}
    back = sign_in(browser, "s-ada", return_to="/console/releases?model=fraud")
    assert back.status_code == 303
    assert back.headers["location"] == "/console/releases?model=fraud"
    who = browser.get(SESSION).json()
    assert (who["id"], who["roles"]) == ("ada@shop.example", ["release_manager"])
    assert "signalbox_login" not in browser.cookies
    left = browser.delete(SESSION).json()["provider_sign_out"]
    assert left.startswith(f"{provider.url}/oauth2/end_session?client_id=signalbox&")
    assert browser.get(SESSION).status_code == 401


def test_the_second_time_it_is_the_same_person_by_subject_alone(oidc_plane, browser):
    sign_in(browser, "s-ada")
    first = browser.get(SESSION).json()["id"]
    sign_in(browser, "s-ada")
    assert browser.get(SESSION).json()["id"] == first
    people = [each["id"] for each in oidc_plane.admin.get("/api/v1/people").json()]
    assert people.count(first) == 1


def test_a_name_at_the_provider_takes_nobodys_place(oidc_plane, browser):
    # There is an admin called admin, and this one calls himself so at the provider.
    sign_in(browser, "s-new")
    who = browser.get(SESSION).json()
    assert re.fullmatch(r"oidc-[0-9a-f]{16}", who["id"])
    assert who["roles"] == ["release_manager", "viewer"]


@pytest.mark.parametrize("subject", ["s-eve", "s-may", "s-non"])
def test_other_domains_unverified_addresses_and_groups_stay_outside(browser, subject):
    answer = sign_in(browser, subject)
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert browser.get(SESSION).status_code == 401


def test_a_disabled_person_does_not_come_back_through_the_provider(oidc_plane, browser):
    oidc_plane.admin.post(
        "/api/v1/people", json={"id": "kim", "name": "Kim", "roles": ["release_manager"]}
    )
    link = {"subject": "s-kim"}
    assert oidc_plane.admin.post("/api/v1/people/kim/identities", json=link).status_code == 201
    assert oidc_plane.admin.post("/api/v1/people/kim/identities", json=link).status_code == 409
    assert oidc_plane.admin.delete("/api/v1/people/kim").status_code == 200
    # The mock's made-up users have their subject as address and no group.
    assert sign_in(browser, "s-kim").status_code == 403


def test_a_state_is_good_once(browser):
    back = at_the_provider(browser, "s-ada")
    login = dict(browser.cookies)
    assert browser.get(back).status_code == 303
    browser.cookies.update(login)
    again = browser.get(back)
    assert again.status_code == 401
    assert "begin again" in again.text


def test_a_sign_in_begun_elsewhere_is_not_finished_here(oidc_plane, browser):
    """Else an attacker could sign a victim's browser in as himself, or take its code."""
    back = at_the_provider(browser, "s-ada")
    with httpx.Client(base_url=oidc_plane.url, verify=False) as victim:
        assert victim.get(back).status_code == 401
        victim.get(START)
        assert victim.get(back).status_code == 401
        assert "signalbox_session" not in victim.cookies
    # Nor did the attempt use it up.
    assert browser.get(back).status_code == 303


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"state": "x" * 43}, 401),
        ({"code": "made up"}, 401),
        ({"code": None}, 401),
        ({"code": None, "error": "access_denied"}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"state": None}, 422),
    ],
)
def test_a_tampered_way_back_is_refused(browser, changed, status):
    back = urlsplit(at_the_provider(browser, "s-ada"))
    query: dict[str, Any] = {name: value[0] for name, value in parse_qs(back.query).items()}
    query = {name: value for name, value in (query | changed).items() if value is not None}
    assert browser.get(CALLBACK, params=query).status_code == status
    assert browser.get(SESSION).status_code == 401


@pytest.mark.parametrize(
    "return_to", ["//evil.example", "https://evil.example", "/\\evil.example", "", "/a\nb", "x"]
)
def test_nobody_is_sent_to_a_foreign_page(browser, return_to):
    assert browser.get(START, params={"return_to": return_to}).status_code == 422


def test_what_a_page_repeats_is_escaped(browser):
    back = urlsplit(at_the_provider(browser, "s-ada"))
    state = parse_qs(back.query)["state"][0]
    answer = browser.get(CALLBACK, params={"state": state, "error": "<script>alert(1)</script>"})
    assert answer.status_code == 401
    assert "<script" not in answer.text
    assert answer.headers["content-security-policy"] == "default-src 'none'"


def test_roles_follow_the_provider_and_the_register_says_so(oidc_plane, browser):
    sign_in(browser, "s-ada")
    person = browser.get(SESSION).json()["id"]
    roles = {"roles": ["viewer"]}
    assert oidc_plane.admin.patch(f"/api/v1/people/{person}", json=roles).status_code == 200
    assert browser.get(SESSION).status_code == 401
    sign_in(browser, "s-ada")
    assert browser.get(SESSION).json()["roles"] == ["release_manager"]
    query = {"entity": f"person:{person}", "limit": 1000}
    events = oidc_plane.admin.get("/api/v1/register/events", params=query).json()
    actions = [(event["action"], event["actor"]["id"]) for event in events]
    assert ("identity:link", "oidc") in actions
    edits = [event for event in events if event["action"] == "person:edit"]
    assert edits[-1]["actor"]["id"] == "oidc"
    assert edits[-1]["diff"]["roles"] == [["viewer"], ["release_manager"]]


def test_an_unlinked_identity_ends_its_sessions_and_takes_nobody_over(oidc_plane, browser):
    seen = []
    for _ in range(2):
        sign_in(browser, "s-gone")
        seen.append(browser.get(SESSION).json()["id"])
        url = f"/api/v1/people/{seen[-1]}/identities"
        assert [each["subject"] for each in oidc_plane.admin.get(url).json()] == ["s-gone"]
        assert oidc_plane.admin.delete(url, params={"subject": "other"}).status_code == 404
        assert oidc_plane.admin.delete(url, params={"subject": "s-gone"}).status_code == 204
        assert browser.get(SESSION).status_code == 401
    # A new person each time: who they were is not theirs any more.
    assert seen[0] == "gone@shop.example"
    assert seen[1].startswith("oidc-")
    refused = sign_in(browser, "s-gone")
    assert refused.status_code == 403
    assert f"signalbox people link {seen[1]} --subject s-gone" in refused.text


def test_without_a_provider_there_is_no_such_door(plane):
    client = plane.client(None)
    assert client.get(f"{SESSION}/methods").json()["oidc"] is None
    assert client.get(START).status_code == 404


@pytest.mark.slow
def test_with_the_provider_away_passwords_and_keys_go_on(oidc_plane, provider, browser):
    person = oidc_plane.person("viewer").person
    given = oidc_plane.admin.post(f"/api/v1/people/{person}/password").json()["password"]
    back = at_the_provider(browser, "s-ada")
    provider.stop()
    try:
        answer = browser.get(back)
        assert answer.status_code == 502
        assert "passwords and keys go on working" in answer.text
        body = {"person": person, "password": given}
        assert browser.post(SESSION, json=body).status_code == 201
        assert oidc_plane.admin.get("/api/v1/models").status_code == 200
    finally:
        provider.start()
        oidc_plane.wait(provider.answers, "the provider")
    # Back again, with another signing key; the sign-in is to be begun anew.
    oidc_plane.wait(lambda: sign_in(browser, "s-ada").status_code == 303, "a sign-in")
