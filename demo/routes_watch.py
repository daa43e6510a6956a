"""Follows what the control plane publishes and what the gateway has taken up."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from bentos.contract.documents import DocumentName, decode_body
from bentos.contract.route import feature_key
from demo.board import Board
from demo.control_plane import ControlPlane
from demo.errors import DemoError
from demo.evaluation import RoutesHistory

POLL_S = 0.1
PUBLISH_TIMEOUT_S = 60.0

Feature = Mapping[str, Any]


class RoutesWatch:
    """``history`` holds every routes document published since the watch began."""

    def __init__(
        self, control_plane: ControlPlane, gateway_key: str, gateway_url: str, board: Board
    ) -> None:
        self._control_plane = control_plane
        self._key = gateway_key
        self._board = board
        self._gateway = httpx.AsyncClient(base_url=gateway_url, timeout=5.0, trust_env=False)
        self._features: dict[str, Any] = {}
        self.history = RoutesHistory()
        self.revision: str | None = None

    async def poll(self) -> None:
        """Look once."""
        headers = await self._control_plane.get("/gateway/v1/documents/index", self._key)
        for header in headers:
            if header["name"] == DocumentName.ROUTES.value:
                await self._take(header)

    async def run(self) -> None:
        """Look until cancelled; a look that fails is told and made again."""
        while True:
            try:
                await self.poll()
            except DemoError as error:
                self._board.say(f"looking at the routes: {error}")
            await asyncio.sleep(POLL_S)

    async def served(
        self, model: str, fits: Callable[[Feature], bool], timeout_s: float = PUBLISH_TIMEOUT_S
    ) -> str:
        """Wait until the gateway follows routes whose feature for ``model`` fits; the revision."""
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    await self.poll()
                    feature = self._features.get(feature_key(model))
                    taken_up = self.revision == await self.gateway_revision()
                    if feature is not None and fits(feature) and taken_up:
                        assert self.revision is not None
                        return self.revision
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise DemoError(
                f"the gateway did not follow the new route of {model} within {timeout_s:g} s; "
                f"published {self.revision}, feature {self._features.get(feature_key(model))}"
            ) from error

    async def reachable(self, model: str, version: str) -> None:
        """Wait until the gateway reaches a worker of this version."""
        path = f"/v2/models/{model}/versions/{version.partition(':')[2]}/ready"
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S):
                while True:
                    if await self._is_ready(path):
                        return
                    await asyncio.sleep(POLL_S)
        except TimeoutError as error:
            raise DemoError(
                f"the gateway reached no worker of {version} within {PUBLISH_TIMEOUT_S:g} s"
            ) from error

    async def _is_ready(self, path: str) -> bool:
        try:
            return (await self._gateway.get(path)).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    async def gateway_revision(self) -> str | None:
        """The routes revision the gateway works with; None when it has none or is away."""
        try:
            status = (await self._gateway.get("/status")).json()
        except (httpx.HTTPError, ValueError):
            return None
        revision: str | None = status["documents"].get(DocumentName.ROUTES.value)
        return revision

    async def close(self) -> None:
        """Give back the connections."""
        await self._gateway.aclose()

    async def _take(self, header: Mapping[str, Any]) -> None:
        epoch, number = header["revision"]
        revision = f"{epoch}.{number}"
        if revision == self.revision:
            return
        data = await self._control_plane.body(
            f"/gateway/v1/documents/{header['digest']}", self._key
        )
        body = decode_body(DocumentName.ROUTES, data)
        self.history.add(revision, body)
        self._features = body.features
        self.revision = self._board.revision = revision


def serves(version: str) -> Callable[[Feature], bool]:
    """The version is stable and no experiment runs."""
    return lambda feature: not feature.get("rules") and feature["defaultValue"]["serve"] == version


def shadows(version: str) -> Callable[[Feature], bool]:
    """The version gets copies and nobody is exposed."""
    return lambda feature: (
        not feature.get("rules") and version in feature["defaultValue"].get("shadow", ())
    )


def canary(release: str, weight: float) -> Callable[[Feature], bool]:
    """The release's canary gets ``weight`` of the keys."""
    return lambda feature: any(
        rule.get("key") == release and rule["ranges"][1] == [0, weight]
        for rule in feature.get("rules", ())
    )
