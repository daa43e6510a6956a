"""The control plane's HTTP API, as the demo's people and services use it."""

from typing import Any

import httpx

from demo.errors import DemoError

TIMEOUT_S = 20.0


class ControlPlane:
    """One client for all actors: each call says whose key it uses."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, trust_env=False)

    async def live(self) -> bool:
        """Whether it answers and is ready."""
        try:
            return (await self._client.get("/health/ready")).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def get(self, path: str, key: str) -> Any:
        """GET JSON; raises DemoError with the answer for anything but 2xx."""
        return await self._call("GET", path, key, None)

    async def post(self, path: str, key: str, body: Any = None) -> Any:
        """POST JSON; raises DemoError with the answer for anything but 2xx."""
        return await self._call("POST", path, key, {} if body is None else body)

    async def refused(self, path: str, key: str, body: Any) -> int:
        """POST something that must be refused; the status. DemoError if it was allowed."""
        response = await self._send("POST", path, key, body)
        if response.is_success:
            raise DemoError(f"POST {path} should have been refused, got {response.status_code}")
        return response.status_code

    async def body(self, path: str, key: str) -> bytes:
        """GET bytes."""
        response = await self._send("GET", path, key, None)
        _check(response)
        return response.content

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()

    async def _call(self, method: str, path: str, key: str, body: Any) -> Any:
        response = await self._send(method, path, key, body)
        _check(response)
        return response.json() if response.content else None

    async def _send(self, method: str, path: str, key: str, body: Any) -> httpx.Response:
        try:
            return await self._client.request(method, path, json=body, headers=_bearer(key))
        except httpx.HTTPError as error:
            raise DemoError(f"{method} {path}: {type(error).__name__}: {error}") from error


def _bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def _check(response: httpx.Response) -> None:
    if not response.is_success:
        request = response.request
        raise DemoError(
            f"{request.method} {request.url.path} answered {response.status_code}: {response.text}"
        )
