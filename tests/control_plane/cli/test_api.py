"""The command does everything the REST surface does: a new route has a command, or says why not."""

import ast
import itertools
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

import control_plane.cli
from control_plane.app import ROUTERS

API = "/api/v1/"
SOURCES = Path(control_plane.cli.__file__).parent
# Each says for whom it is instead.
NOT_COMMANDS = {
    ("POST", "/api/v1/session"): "a browser signs in; the command has a key",
    ("DELETE", "/api/v1/session"): "a browser signs out",
    ("PUT", "/api/v1/session/password"): "a password is typed where it is used: in the browser",
    ("GET", "/api/v1/session/methods"): "the sign-in page asks",
    ("GET", "/api/v1/session/oidc"): "the sign-in page leads there",
    ("GET", "/api/v1/session/oidc/callback"): "the provider leads back here",
    ("POST", "/api/v1/segments"): "the shipper registers what it shipped",
    ("POST", "/api/v1/nights"): "a night reports itself as it ends",
}
CALLS = {"call_all": "GET", "call_for_text": "GET", "download": "POST"}
# The parameter of the functions that make the verbs' commands, for releases and for groups.
OF_VERBS = {"path": ["/api/v1/releases", "/api/v1/release-groups"]}


def texts_of(node, known):
    """What an expression may be: texts with ``*`` for what is filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.Name(id=name):
            return known.get(name, ["*"])
        case ast.IfExp(body=one, orelse=other):
            return texts_of(one, known) + texts_of(other, known)
        case ast.FormattedValue(value=value):
            return texts_of(value, known)
        case ast.JoinedStr(values=pieces):
            choices = [texts_of(piece, known) for piece in pieces]
            return ["".join(chosen) for chosen in itertools.product(*choices)]
        case _:
            return ["*"]


def known_in(tree):
    """What a file's names stand for."""
    known = dict(OF_VERBS)
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            known[node.targets[0].id] = texts_of(node.value, known)
    return known


def asked():
    """(method, path) of every call in the sources of the command."""
    for file in SOURCES.glob("*.py"):
        tree = ast.parse(file.read_text())
        known = known_in(tree)
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
                continue
            name = node.func.id
            if name == "call":
                methods, paths = (texts_of(each, known) for each in node.args[:2])
                yield from itertools.product(methods, paths)
            elif name in CALLS:
                yield from ((CALLS[name], path) for path in texts_of(node.args[0], known))


def fits(path, asked_path):
    """Whether a call goes to a route: what is filled in stands where the route has a parameter."""
    routed, given = path.split("/"), asked_path.split("/")
    return len(routed) == len(given) and all(
        one == other or one.startswith("{") for one, other in zip(routed, given, strict=True)
    )


OPERATIONS = sorted(
    (method, route.path)
    for router in ROUTERS
    for route in router.routes
    if isinstance(route, APIRoute) and route.path.startswith(API)
    for method in route.methods
)
ASKED = frozenset(each for each in asked() if each[1].startswith("/"))


@pytest.mark.parametrize("operation", OPERATIONS, ids=" ".join)
def test_every_operation_has_a_command_or_says_why_not(operation):
    method, path = operation
    has = any(asks == method and fits(path, asked_path) for asks, asked_path in ASKED)
    assert has != (operation in NOT_COMMANDS), "add a command, or a line to NOT_COMMANDS"


def test_no_reason_outlives_its_route():
    assert NOT_COMMANDS.keys() <= set(OPERATIONS)


def test_every_call_of_the_command_goes_to_a_route():
    for method, asked_path in ASKED:
        assert any(method == m and fits(path, asked_path) for m, path in OPERATIONS), asked_path
