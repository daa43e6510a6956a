"""Every role at every route: what is not allowed is refused, and no route is without a guard.

The routes are read off the application, so a new one takes part the day it is written. What each
takes is read from its guard; that nobody else gets through is asked of a running control plane.
"""

import inspect
import re

import pytest
from fastapi.routing import APIRoute

from control_plane.app import ROUTERS
from control_plane.principal import ROLES, SERVICES, Permission, Role
from control_plane.releases.lifecycle import RULES, Verb

PERSONS = [role for role in Role if role is not Role.SERVICE]
# Whoever comes: each line says why. Everything else has a guard.
OPEN = {
    ("GET", "/health/live"): "probes have no key",
    ("GET", "/health/ready"): "probes have no key",
    ("GET", "/metrics"): "counts and times, nothing of any person; the port is private",
    ("POST", "/api/v1/session"): "signing in",
    ("GET", "/api/v1/session/oidc"): "signing in elsewhere, whether and how",
    ("GET", "/api/v1/session/methods"): "how one may sign in",
    ("GET", "/api/v1/session/oidc/callback"): "coming back from there, bound to the browser",
    ("GET", "/api/features/{sdk_key}"): "the SDK's key stands in the path",
    ("GET", "/sub/{sdk_key}"): "the SDK's key stands in the path",
    ("POST", "/ofrep/v1/evaluate/flags"): "for SDK keys, which are no principals",
    ("POST", "/ofrep/v1/evaluate/flags/{key}"): "for SDK keys, which are no principals",
    ("GET", "/ofrep/v1/configuration"): "for SDK keys, which are no principals",
    ("GET", "/ofrep/v1/stream"): "for SDK keys, or a ticket made from one",
}

# Looks at its key again while it streams, so its guard is its own.
OWN_GUARD = {("GET", "/gateway/v1/documents"): Permission.DOCUMENTS_READ}


def flat_routes():
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def guards_of(dependant):
    """The guards of ``control_plane.auth`` among a route's dependencies, by their maker's name."""
    for each in dependant.dependencies:
        maker, _, _ = getattr(each.call, "__qualname__", "").partition(".")
        if getattr(each.call, "__module__", "") == "control_plane.auth" and maker.startswith(
            "allow"
        ):
            yield maker, inspect.getclosurevars(each.call).nonlocals
        yield from guards_of(each)


def guard_of(route):
    found = list(guards_of(route.dependant))
    assert len(found) <= 1, f"{route.path} has {len(found)} guards: one says what it takes"
    return found[0] if found else None


def methods_of(route):
    return sorted(route.methods - {"HEAD", "OPTIONS"})


def test_no_route_is_without_a_guard():
    without = {
        (method, route.path)
        for route in flat_routes()
        for method in methods_of(route)
        if guard_of(route) is None
    }
    assert without == OPEN.keys() | OWN_GUARD.keys()


def guarded():
    """``(method, path, permission)`` of every route that takes one permission.

    Of ``allow_self_or`` too: the path's person, nobody, is none of those who ask.
    """
    for route in flat_routes():
        guard = guard_of(route)
        if guard and guard[0] in ("allow", "allow_self_or"):
            for method in methods_of(route):
                yield method, route.path, guard[1]["permission"]


GUARDED = sorted([*guarded(), *((*route, takes) for route, takes in OWN_GUARD.items())])


def test_the_matrix_is_not_empty():
    assert len(GUARDED) > 60
    assert {permission for _, _, permission in GUARDED} >= set(Permission) - {
        # Asked by the lifecycle table, or inside a service.
        *(rule.permission for rule in RULES.values()),
        Permission.DECISIONS_PERSONAL,
        # By the command line alone, over the lake's files.
        Permission.DECISIONS_ERASE,
        Permission.DECISIONS_EXPIRE,
    }


@pytest.fixture(scope="module")
def holders(plane):
    """A client for each role and each service, and the permissions they should have."""
    people = {role.value: (plane.person(role.value), ROLES[role]) for role in PERSONS}
    services = {
        f"service {name}": (plane.holder(name), permissions)
        for name, permissions in SERVICES.items()
        if (plane.home / "keys" / f"{name}.key").exists()
    }
    assert len(services) >= 3
    return people | services


class Register:
    """What was written since it was last asked."""

    def __init__(self, plane):
        self._plane, self._last = plane, 0

    def fresh(self):
        found = []
        while page := self._page():
            found += page
            self._last = page[-1]["seq"]
        return found

    def _page(self):
        wanted = {"after": self._last, "limit": 500}
        return self._plane.admin.get("/api/v1/register/events", params=wanted).json()


@pytest.fixture(scope="module")
def register(plane):
    return Register(plane)


def status_of(client, method, path):
    """Only the status: some answers are streams without an end."""
    content = None if method == "GET" else b"{}"
    headers = {"content-type": "application/json"}
    with client.stream(method, path, content=content, headers=headers) as answer:
        return answer.status_code


def filled(path):
    """A path whose entities exist nowhere."""
    return re.sub(r"{[^}]*}", "nobody-and-nothing", path)


@pytest.mark.parametrize(("method", "path", "permission"), GUARDED)
def test_a_route_lets_in_whoever_has_its_permission_and_nobody_else(
    plane, holders, register, method, path, permission
):
    asked = filled(path)
    register.fresh()
    refused = []
    assert status_of(plane.client(None), method, asked) == 401
    assert status_of(plane.client("sbx_nobody_" + "0" * 43), method, asked) == 401
    for name, (client, permissions) in holders.items():
        status = status_of(client, method, asked)
        assert status < 500, f"{method} {path} failed for {name}"
        assert status != 401, f"{method} {path} does not know {name}"
        if permission not in permissions:
            assert status == 403, f"{method} {path} let {name} in: {status}"
            refused.append(name)
        else:
            assert status != 403, f"{method} {path} refused {name}, who has {permission.value}"
    # Each of them is in the register, one event a refusal.
    known = [event for event in register.fresh() if event["outcome"] == "denied"]
    told = [e for e in known if e["actor"]["id"] != "unknown" and "permission" in e["reason"]]
    assert len(told) == len(refused)


@pytest.mark.parametrize("verb", sorted(set(Verb) - {Verb.EDIT, Verb.HALT}))
def test_a_release_s_verb_is_refused_to_whoever_the_table_does_not_name(plane, shop, holders, verb):
    shop.bootstrap()
    for name, (client, permissions) in holders.items():
        release = shop.draft(shop.register(_number(name)))
        answer = shop.tell(release, verb.value, client, weight=0.0 if verb is Verb.LOWER else None)
        rule = RULES[verb]
        allowed = rule.permission in permissions and not (
            rule.persons_only and name.startswith("service")
        )
        assert (answer.status_code == 403) is not allowed, (name, verb, answer.text)
        happened = shop.author.get(f"/api/v1/releases/{release['id']}/timeline").json()
        denied = [e["action"] for e in happened if e["outcome"] == "denied"]
        assert denied == ([] if answer.is_success else [f"release:{verb.value}"]), answer.text
        assert shop.tell(release, "abort", shop.author).status_code in (200, 409)


def _number(name):
    return 1000 + sum(map(ord, name))
