"""A release as two persons carry it: the author proposes and moves it, the other approves."""

from dataclasses import dataclass
from typing import Any

from demo.board import Board
from demo.control_plane import ControlPlane
from demo.errors import DemoError
from demo.people import Keys

FORBIDDEN = 403
_RUNNING = ("shadow", "canary", "paused")
_OPEN = ("draft", "in_review", "approved", "scheduled", *_RUNNING)


@dataclass(frozen=True)
class Release:
    """An approved release."""

    id: str
    model: str
    candidate: str


class ReleaseDesk:
    """Speaks to the control plane for the demo's two persons."""

    def __init__(self, control_plane: ControlPlane, keys: Keys, board: Board) -> None:
        self._control_plane = control_plane
        self._keys = keys
        self._board = board

    async def models(self) -> dict[str, dict[str, Any]]:
        """Every model with its stable version, by name."""
        listed = await self._control_plane.get("/api/v1/models?limit=1000", self._keys.author)
        return {entry["model"]: entry for entry in listed}

    async def clear(self, model: str) -> None:
        """End what an interrupted run left open: there is one open release per model."""
        listed = await self._control_plane.get(f"/api/v1/releases?model={model}", self._keys.author)
        for entry in listed:
            if entry["state"] in _OPEN:
                verb = "rollback" if entry["state"] in _RUNNING else "abort"
                await self.move(entry["id"], verb, "left open by an interrupted demo")
                self._board.note(f"{model}: release of an interrupted run ended ({verb})")

    async def approved(
        self, model: str, candidate: str, *, kind: str, steps: list[float], shadow: bool, why: str
    ) -> Release:
        """Propose, submit and approve; the author's own approval is tried and must be refused."""
        proposal = {
            "model": model,
            "candidate": candidate,
            "kind": kind,
            "shadow": shadow,
            "steps": steps,
            "condition": None,
            "reason": why,
            "ticket": None,
        }
        created = await self._control_plane.post("/api/v1/releases", self._keys.author, proposal)
        release = Release(created["id"], model, candidate)
        read = await self.move(release.id, "submit", "ready for review")
        await self._author_cannot_approve(release)
        body = {"reason": "looked at manifest and metrics", "expected_revision": read["revision"]}
        path = f"/api/v1/releases/{release.id}/approve"
        await self._control_plane.post(path, self._keys.approver, body)
        self._board.note(f"{candidate}: proposed by ada, approved by grace ({kind})")
        return release

    async def move(self, release: str, verb: str, why: str, weight: float | None = None) -> Any:
        """One verb by the author."""
        body: dict[str, Any] = {"reason": why}
        if weight is not None:
            body["weight"] = weight
        path = f"/api/v1/releases/{release}/{verb}"
        return await self._control_plane.post(path, self._keys.author, body)

    async def _author_cannot_approve(self, release: Release) -> None:
        path = f"/api/v1/releases/{release.id}/approve"
        status = await self._control_plane.refused(path, self._keys.author, {"reason": "my own"})
        if status != FORBIDDEN:
            raise DemoError(f"the author's own approval: expected 403, got {status}")
