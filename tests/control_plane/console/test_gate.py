"""Who is let into the console, from where, and what every answer of it carries."""

import httpx
import pytest


@pytest.fixture
def browser_of(console, people, at_work):
    """A plain client with the cookie of somebody's browser."""

    clients = []

    def open_as(*roles, **headers):
        context = people.context(*roles)
        cookies = {each["name"]: each["value"] for each in context.cookies()}
        client = httpx.Client(base_url=console.url, cookies=cookies, headers=headers)
        clients.append(client)
        return client

    yield open_as
    for client in clients:
        client.close()


@pytest.mark.parametrize("path", ["/", "/releases/new", "/audit", "/people", "/nowhere"])
def test_strangers_are_sent_to_the_sign_in_page(console, path):
    answer = httpx.get(f"{console.url}/console{path}")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/sign-in?next=%2F")


def test_strangers_get_the_sign_in_page_and_no_websocket(console):
    page = httpx.get(f"{console.url}/console/sign-in")
    assert page.status_code == 200
    assert "<h1>Sign in</h1>" in page.text
    assert _handshake(httpx.Client(base_url=console.url, headers=_ours(console))) == 403


def test_a_websocket_is_opened_to_our_own_pages_only(console, browser_of):
    assert _handshake(browser_of("viewer", Origin="https://shop.example")) == 403
    assert _handshake(browser_of("viewer")) == 403
    assert _handshake(browser_of("viewer", **_ours(console))) != 403


def test_forms_of_other_sites_are_refused(console, browser_of):
    client = browser_of("viewer", Origin="https://shop.example")
    assert client.post("/console/").status_code == 403


def test_every_page_keeps_to_this_host(browser_of):
    page = browser_of("viewer").get("/console/")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert "https://" not in page.text


def test_without_a_password_of_ones_own_only_that_page_is_served(console):
    console.admin.post("/api/v1/people", json={"id": "new.one", "name": "New", "roles": ["viewer"]})
    once = console.admin.post("/api/v1/people/new.one/password").json()["password"]
    with httpx.Client(base_url=console.url, headers=_ours(console)) as client:
        client.post("/api/v1/session", json={"person": "new.one", "password": once})
        answer = client.get("/console/")
        assert answer.headers["location"] == "/console/password"
        assert client.get("/console/password").status_code == 200


def _ours(console):
    return {"Origin": console.url}


def _handshake(client):
    """The status of a websocket's opening request; 403 is how a refusal looks on the wire."""
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    }
    path = "/console/_nicegui_ws/socket.io/?EIO=4&transport=websocket"
    with client, client.stream("GET", path, headers=headers) as answer:
        return answer.status_code
