"""What holds for every endpoint, read off the application: a new one takes part the day it is
written, and whoever leaves something out is named here."""

from fastapi.routing import APIRoute

from control_plane.app import ROUTERS
from control_plane.router import Route

SAFE = {"GET", "HEAD", "OPTIONS"}
# What changes nothing, or does the same when it is sent twice. Each line says why.
NO_KEY = {
    ("POST", "/api/v1/releases/{release_id}/preview"): "undone before it is answered",
    ("POST", "/api/v1/release-groups/{group_id}/preview"): "undone before it is answered",
    ("POST", "/api/v1/session"): "opens a session for whoever knows the password; nobody yet",
    ("DELETE", "/api/v1/session"): "ends what is ended",
    ("PUT", "/api/v1/session/password"): "the old password is wrong the second time",
    ("POST", "/api/v1/register/checkpoint"): "signs the head, which is signed",
    ("POST", "/api/v1/register/exports"): "reads",
    ("POST", "/api/v1/lint"): "judges a payload",
    ("POST", "/api/v1/decisions/search"): "reads, with a body so that no key is in an address",
    ("POST", "/api/v1/decisions/{decision_id}/rerun"): "reads, and asks a worker",
    ("POST", "/api/v1/lake/retention"): "deletes what is due, which is gone",
    ("POST", "/fleet/v1/report"): "tells a state",
    ("POST", "/ofrep/v1/evaluate/flags"): "evaluates",
    ("POST", "/ofrep/v1/evaluate/flags/{key}"): "evaluates",
}


def routes():
    return [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]


def test_every_router_makes_the_routes_of_this_house():
    assert [route.path for route in routes() if not isinstance(route, Route)] == []


def test_every_write_takes_an_idempotency_key_or_stands_here_with_a_reason():
    without = {
        (method, route.path)
        for route in routes()
        for method in route.methods - SAFE
        if not route.takes_key
    }
    assert without == NO_KEY.keys(), "use the request's own transaction: parts.Writing"


def test_no_reading_takes_the_write_lock():
    assert [route.path for route in routes() if route.takes_key and route.methods & SAFE] == []
