"""The control plane as the fleet sees it: two HTTP calls with the fleet's service key."""

from pathlib import Path

import httpx
import msgspec

from bentos.contract.errors import ContractError
from control_plane.fleet.report import Report

TIMEOUT_S = 3.0
_NOT_MODIFIED = 304


class ControlPlane:
    """Raises httpx.HTTPError when it cannot be reached or refuses."""

    def __init__(self, url: str, key: str) -> None:
        self._etag: str | None = None
        self._client = httpx.AsyncClient(
            base_url=url,
            timeout=TIMEOUT_S,
            headers={"authorization": f"Bearer {key}", "user-agent": "signalbox-fleet"},
            trust_env=False,
        )

    async def desired(self) -> bytes | None:
        """The desired state's bytes, or None when it is what the last call returned."""
        headers = {} if self._etag is None else {"if-none-match": self._etag}
        response = await self._client.get("/fleet/v1/desired", headers=headers)
        if response.status_code == _NOT_MODIFIED:
            return None
        response.raise_for_status()
        self._etag = response.headers.get("etag")
        return response.content

    async def report(self, report: Report) -> None:
        """Tell the fleet's full state."""
        response = await self._client.post(
            "/fleet/v1/report",
            content=msgspec.json.encode(report),
            headers={"content-type": "application/json"},
        )
        response.raise_for_status()

    async def close(self) -> None:
        """Give back the connections."""
        await self._client.aclose()


def read_key(path: Path) -> str:
    """The service key from its file; raises ContractError when there is none."""
    try:
        key = path.read_text().strip()
    except FileNotFoundError as error:
        hint = "Run `signalbox init` first."
        raise ContractError(str(path), "the fleet's service key", "no file", hint) from error
    if not key.startswith("sbx_"):
        raise ContractError(str(path), "a key sbx_<id>_<secret>", "another text")
    return key
