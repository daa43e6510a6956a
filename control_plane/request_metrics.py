"""Counts requests by route, method and status, and how long their answers took. Plain ASGI."""

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from control_plane.metrics import Metrics

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
UNMATCHED = "unmatched"
"""For whatever has no route: what strangers make up is no label."""


class CountedRequests:
    """Every request once, when its answer begins: a stream's answer has no end to wait for."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, answered = time.perf_counter(), False

        async def counted(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                answered = True
                self._count(scope, message["status"], time.perf_counter() - begun)
            await send(message)

        try:
            await self.app(scope, receive, counted)
        except Exception:
            if not answered:
                # Answered outside of here: an error of ours.
                self._count(scope, 500, time.perf_counter() - begun)
            raise

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        # Known by now: the template, so that no id becomes a label.
        route = str(getattr(scope.get("route"), "path", UNMATCHED))
        self._metrics.answered(route, method, status, seconds)
