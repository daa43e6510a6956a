"""The router of every slice: what holds for all endpoints holds for a new one from the start."""

from collections.abc import Callable, Coroutine
from functools import cached_property
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from control_plane.idempotency.requests import keep_answer
from control_plane.paging import asked_listing, link
from control_plane.parts import begin_writing


class Route(APIRoute):
    """An endpoint whose answer names the next page of a list, and is kept with its change where
    the caller sent a key."""

    @cached_property
    def takes_key(self) -> bool:
        """Whether it writes in the request's own transaction, with which an answer is kept."""
        return _depends_on(self.dependant, begin_writing)

    @cached_property
    def is_paged(self) -> bool:
        """Whether its list comes in pages."""
        return _depends_on(self.dependant, asked_listing)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Called by FastAPI inside of what a request's dependencies hold open."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            response = await inner(request)
            link(request, response)
            if self.takes_key:
                await run_in_threadpool(keep_answer, request, response)
            return response

        return handle


class Router(APIRouter):
    """Makes such endpoints."""

    def __init__(self, prefix: str = "") -> None:
        super().__init__(prefix=prefix, route_class=Route)


def _depends_on(dependant: Dependant, call: Callable[..., Any]) -> bool:
    return dependant.call is call or any(_depends_on(each, call) for each in dependant.dependencies)
