"""Every route but the two hot ones: a table of method, path and what answers it.

    find(method, path) → (answer, values of the path's variables)

``{name}`` in a path stands for one segment of any text.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway import docs_page, metadata, model_config, openapi, repository, statistics
from gateway.errors import MethodNotAllowed, NotFound
from gateway.metadata import Values
from gateway.reply import Reply
from gateway.serving import Serving

TEXT = [(b"content-type", b"text/plain; version=0.0.4; charset=utf-8")]

Answer = Callable[[Serving, Values, bytes], Reply]
"""Raises GatewayError or ContractError."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method on one path."""

    method: str
    segments: tuple[str, ...]
    answer: Answer

    def values(self, segments: list[str]) -> dict[str, str] | None:
        """What the path's variables hold; None if the path is another one."""
        if len(segments) != len(self.segments):
            return None
        values: dict[str, str] = {}
        for pattern, segment in zip(self.segments, segments, strict=True):
            if pattern.startswith("{"):
                if not segment:
                    return None
                values[pattern[1:-1]] = segment
            elif pattern != segment:
                return None
        return values


def find(method: str, path: str) -> tuple[Route, dict[str, str]]:
    """The route of a request; raises NotFound, or MethodNotAllowed naming the methods."""
    segments = path.split("/")[1:]
    allowed: list[str] = []
    for route in ROUTES:
        values = route.values(segments)
        if values is None:
            continue
        if route.method == method:
            return route, values
        allowed.append(route.method)
    if allowed:
        raise MethodNotAllowed(method, sorted(set(allowed)))
    raise NotFound(f"path: expected a route of this gateway, got {path!r}")


def _metrics(serving: Serving, _values: Values, _body: bytes) -> Reply:
    return Reply(200, TEXT, serving.metrics.expose())


def _status(serving: Serving, _values: Values, _body: bytes) -> Reply:
    return metadata.json_reply(serving.status())


def _not_served(extension: str) -> Answer:
    """Extensions others have: a clear answer beats a path that looks mistyped."""

    def answer(_serving: Serving, _values: Values, _body: bytes) -> Reply:
        raise NotFound(
            f"extension: expected one of {', '.join(metadata.EXTENSIONS)}, got {extension}"
        )

    return answer


def _route(method: str, path: str, answer: Answer) -> Route:
    return Route(method, tuple(path.split("/")[1:]), answer)


def _per_version(suffix: str, answer: Answer) -> list[Route]:
    return [
        _route("GET", f"/v2/models/{{model}}{suffix}", answer),
        _route("GET", f"/v2/models/{{model}}/versions/{{version}}{suffix}", answer),
    ]


def _without(path: str, extension: str) -> list[Route]:
    answer = _not_served(extension)
    return [
        _route("GET", f"{path}/status", answer),
        _route("GET", f"{path}/region/{{region}}/status", answer),
        _route("POST", f"{path}/unregister", answer),
        _route("POST", f"{path}/region/{{region}}/register", answer),
        _route("POST", f"{path}/region/{{region}}/unregister", answer),
    ]


# A model may be called "stats": the list's own statistics come first all the same.
ROUTES: tuple[Route, ...] = (
    _route("GET", "/v2", metadata.server),
    _route("GET", "/v2/", metadata.server),
    _route("GET", "/v2/health/live", metadata.live),
    _route("GET", "/v2/health/ready", metadata.ready),
    _route("GET", "/v2/models", metadata.models),
    _route("GET", "/v2/models/stats", statistics.statistics),
    *_per_version("", metadata.model),
    *_per_version("/ready", metadata.model_ready),
    *_per_version("/config", model_config.config),
    *_per_version("/stats", statistics.statistics),
    _route("POST", "/v2/repository/index", repository.index),
    _route("POST", "/v2/repository/models/{model}/load", repository.refuse_load),
    _route("POST", "/v2/repository/models/{model}/unload", repository.refuse_load),
    *_without("/v2/systemsharedmemory", "system_shared_memory"),
    *_without("/v2/cudasharedmemory", "cuda_shared_memory"),
    _route("GET", "/v2/trace/setting", _not_served("trace")),
    _route("POST", "/v2/trace/setting", _not_served("trace")),
    _route("GET", "/v2/logging", _not_served("logging")),
    _route("POST", "/v2/logging", _not_served("logging")),
    _route("GET", "/openapi.json", openapi.document),
    _route("GET", "/docs", docs_page.page),
    _route("GET", "/metrics", _metrics),
    _route("GET", "/status", _status),
)
