"""What holds for every endpoint, read off the application: a new one takes part the day it is
written, and whoever leaves something out is named here."""

from typing import get_origin

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
    ("POST", "/api/v1/redactions/run"): "does what is left to do, in transactions of its own",
    ("POST", "/api/v1/redactions/{request_id}/export"): "reads, and says so in the register",
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


# Lists with a page of their own kind; each line says which.
OTHER_PAGES = {
    "/api/v1/register/events": "by sequence number, both ways",
    "/api/v1/register/questions/publishes": "by sequence number",
    "/api/v1/register/questions/stale-approvals": "by sequence number",
}


def test_every_list_comes_in_pages():
    lists = {
        route.path: route.is_paged
        for route in routes()
        if "GET" in route.methods and get_origin(route.response_model) is list
    }
    assert len(lists) > 15
    whole = {path for path, is_paged in lists.items() if not is_paged}
    assert whole == OTHER_PAGES.keys(), "take paging.Paged, and give it to the query"
