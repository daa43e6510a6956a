"""The fleet process: poll what is wanted, reconcile, report; three loops and a stop event."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable

import httpx
import structlog

from bentos.contract.errors import ContractError
from control_plane.fleet.control_plane import ControlPlane
from control_plane.fleet.desired import Desired, DesiredFile, decode_desired
from control_plane.fleet.reconciler import Reconciler
from control_plane.fleet.report import Report, make_report
from control_plane.fleet.settings import FleetSettings

_log = structlog.get_logger(__name__)


class FleetService:
    """``run`` returns after ``stop`` was called and every worker has ended."""

    def __init__(
        self, settings: FleetSettings, control_plane: ControlPlane, reconciler: Reconciler
    ) -> None:
        self._settings = settings
        self._control_plane = control_plane
        self._reconciler = reconciler
        self._file = DesiredFile(settings.state_dir / "desired.json")
        self._desired = Desired()
        self._changed = asyncio.Event()
        self._stopping = asyncio.Event()
        self._reachable: dict[str, bool] = {}

    def stop(self) -> None:
        """Ask ``run`` to end."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until stopped. Raises ContractError if the stored state is damaged."""
        self._desired = self._file.load() or Desired()
        self._reconciler.adopt()
        await self._reconciler.settle()
        loops = [
            asyncio.create_task(self._every(self._settings.fleet_poll_s, self._poll)),
            asyncio.create_task(self._every(self._settings.fleet_tick_s, self._reconcile)),
            asyncio.create_task(self._report_loop()),
        ]
        stopping = asyncio.create_task(self._stopping.wait())
        done, _ = await asyncio.wait({*loops, stopping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (*loops, stopping):
            task.cancel()
        await asyncio.gather(*loops, stopping, return_exceptions=True)
        await self._reconciler.stop_all()
        await self._control_plane.close()
        for task in done - {stopping}:
            task.result()

    async def _every(self, seconds: float, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            await step()
            await asyncio.sleep(seconds * random.uniform(0.9, 1.1))

    async def _poll(self) -> None:
        try:
            data = await self._control_plane.desired()
            self._note_reachable("desired state", None)
            if data is None:
                return
            self._desired = decode_desired(data, "desired state")
            self._file.store(data)
        except (httpx.HTTPError, ContractError) as error:
            # What runs goes on running: the last desired state stays in force.
            self._note_reachable("desired state", error)

    async def _reconcile(self) -> None:
        before = self._current()
        await self._reconciler.tick(self._desired)
        if self._current() != before:
            self._changed.set()

    async def _report_loop(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self._control_plane.report(self._current())
                self._note_reachable("report", None)
            except httpx.HTTPError as error:
                self._note_reachable("report", error)
                await asyncio.sleep(self._settings.fleet_poll_s)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.fleet_report_s):
                    await self._changed.wait()

    def _current(self) -> Report:
        return make_report(
            self._settings.fleet_id,
            self._desired,
            self._reconciler.replicas,
            self._reconciler.workers,
        )

    def _note_reachable(self, what: str, error: Exception | None) -> None:
        """Log the turns, not every failed attempt."""
        if self._reachable.get(what) is not (error is None):
            self._reachable[what] = error is None
            if error is None:
                _log.info("control plane reached", what=what)
            else:
                problem = f"{type(error).__name__}: {error}"
                _log.warning("control plane not usable", what=what, problem=problem)
