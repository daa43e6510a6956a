"""One run of the demo: set everything up, tell the story, check it, take everything down."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from demo import report
from demo.board import Board
from demo.children import Children
from demo.control_plane import ControlPlane
from demo.errors import DemoError
from demo.memory import MemorySampler
from demo.options import Options
from demo.people import Keys, keys, service_key
from demo.ports import HOST
from demo.records import Records
from demo.releases import ReleaseDesk
from demo.replay import Pace, Replay
from demo.routes_watch import RoutesWatch, serves
from demo.shoppers import Shoppers
from demo.story import FRAUD, RECOMMENDATIONS, Pair, Story
from demo.trainer import Trained, train

SHOP = "demo-shop"
START_TIMEOUT_S = 60.0
HOLD_REQUESTS_PER_SECOND = 40.0


class Session:
    """``result`` is complete once ``run`` returned. ``end_hold`` ends the waiting at the end."""

    def __init__(self, options: Options, board: Board, memory: MemorySampler) -> None:
        self._options = options
        self._board = board
        self._memory = memory
        self._gateway_port = options.port_base
        self._control_url = f"http://{HOST}:{options.port_base + 1}"
        self._gateway_url = f"http://{HOST}:{options.port_base}"
        self.children = Children(options.home, self._environment())
        self._skipped: list[str] = []
        self.holding = False
        self.end_hold = asyncio.Event()
        self.result: dict[str, Any] = {}

    async def run(self) -> None:
        """The whole demo; raises DemoError when a step cannot be done."""
        board, home = self._board, self._options.home
        with board.stage("keys and database"):
            await self.children.step("init", "control_plane.cli", "init")
        trained = await train(self.children, self._options, board)
        records = Records(home)
        async with self._services() as (control_plane, watch):
            with board.stage("people and callers"):
                people = await keys(control_plane, home, SHOP)
            desk = ReleaseDesk(control_plane, people, board)
            with board.stage("register versions"):
                await self._register(control_plane, trained)
            with board.stage("first versions: approve, start workers, publish"):
                await self._bootstrap(desk, watch, trained)
            shoppers = Shoppers(trained.instances, SHOP)
            await self._traffic(trained, records, control_plane, watch, desk, people, shoppers)

    @asynccontextmanager
    async def _services(self) -> AsyncIterator[tuple[ControlPlane, RoutesWatch]]:
        """Control plane, fleet, shipper and gateway, up and followed."""
        control_plane = ControlPlane(self._control_url)
        watch: RoutesWatch | None = None
        follower: asyncio.Task[None] | None = None
        try:
            with self._board.stage("start control plane, fleet, shipper and gateway"):
                self.children.start("control-plane", "control_plane")
                await self._until_live(control_plane)
                self.children.start("fleet", "control_plane.fleet")
                self.children.start("shipper", "gateway.shipper")
                self.children.start("gateway", "gateway")
                gateway_key = service_key(self._options.home, "gateway")
                watch = RoutesWatch(control_plane, gateway_key, self._gateway_url, self._board)
                await watch.poll()
            self._board.addresses.update(self._addresses())
            follower = asyncio.create_task(watch.run())
            yield control_plane, watch
        finally:
            if follower is not None:
                follower.cancel()
                await asyncio.gather(follower, return_exceptions=True)
            if watch is not None:
                await watch.close()
            await control_plane.close()

    async def _until_live(self, control_plane: ControlPlane) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_TIMEOUT_S):
                while not await control_plane.live():
                    self.children.check_alive()
                    await asyncio.sleep(0.1)
                return
        raise DemoError(f"the control plane was not ready within {START_TIMEOUT_S:g} s")

    async def _register(self, control_plane: ControlPlane, trained: Trained) -> None:
        key = service_key(self._options.home, "trainer")
        for body in trained.manifest_bodies:
            await control_plane.post("/api/v1/versions", key, body)

    async def _bootstrap(self, desk: ReleaseDesk, watch: RoutesWatch, trained: Trained) -> None:
        """Give every model its first stable version; on a later run it has one.

        A model none of whose versions passed its gates cannot serve: it is left out, and said.
        """
        models = await desk.models()
        for name in tuple(trained.instances):
            await desk.clear(name)
            stable = models[name]["stable"]
            if stable is None:
                if not trained.of(name):
                    self._skip(f"{name} is left out: {trained.why_rejected(name)}")
                    del trained.instances[name]
                    continue
                stable = trained.of(name)[0]
                why = "first version of the model"
                release = await desk.approved(
                    name, stable, kind="bootstrap", steps=[], shadow=False, why=why
                )
                await desk.move(release.id, "start", why)
            self._board.labels[stable] = "stable"
        models = await desk.models()
        for name in trained.instances:
            stable = models[name]["stable"]
            revision = await watch.served(name, serves(stable))
            await watch.reachable(name, stable)
            self._board.note(f"{stable} serves (revision {revision})")

    async def _traffic(
        self,
        trained: Trained,
        records: Records,
        control_plane: ControlPlane,
        watch: RoutesWatch,
        desk: ReleaseDesk,
        people: Keys,
        shoppers: Shoppers,
    ) -> None:
        board = self._board
        replay = Replay(HOST, self._gateway_port, people.caller, shoppers, board.tally)
        story = Story(
            board=board,
            desk=desk,
            watch=watch,
            replay=replay,
            records=records,
            home=self._options.home,
            seconds=self._options.story_seconds,
        )
        models = tuple(trained.instances)
        replay.pace = Pace(HOLD_REQUESTS_PER_SECOND, {m: 1 / len(models) for m in models})
        sender = asyncio.create_task(replay.run())
        try:
            fraud = await self._pair(desk, trained, FRAUD)
            recommendations = await self._pair(desk, trained, RECOMMENDATIONS)
            await story.tell(fraud, recommendations)
            if self._options.hold:
                await self._hold(replay, models)
        finally:
            replay.stop()
            await sender
        self.children.check_alive()
        with board.stage("check what was recorded"):
            self.result = await self._checked(trained, records, control_plane, story)

    async def _pair(self, desk: ReleaseDesk, trained: Trained, model: str) -> Pair | None:
        """The version that is not stable goes out, run after run; None without one."""
        if model not in trained.instances:
            return None
        stable: str = (await desk.models())[model]["stable"]
        candidates = [version for version in trained.of(model) if version != stable]
        if not candidates:
            self._skip(f"{model} has no second version: {trained.why_rejected(model)}")
            return None
        self._board.labels[candidates[0]] = "candidate"
        return Pair(stable, candidates[0])

    def _skip(self, text: str) -> None:
        self._skipped.append(text)
        self._board.note(text)

    async def _hold(self, replay: Replay, models: tuple[str, ...]) -> None:
        """Light traffic until Ctrl-C."""
        replay.pace = Pace(HOLD_REQUESTS_PER_SECOND, {m: 1 / len(models) for m in models})
        self._board.current_step = "everything is up; Ctrl-C ends it"
        self._board.say(self._board.current_step)
        self.holding = True
        while not self.end_hold.is_set():
            self.children.check_alive()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(1.0):
                    await self.end_hold.wait()

    async def _checked(
        self,
        trained: Trained,
        records: Records,
        control_plane: ControlPlane,
        story: Story,
    ) -> dict[str, Any]:
        tally = self._board.tally
        found = await asyncio.to_thread(records.found, tally.acknowledged)
        admin = service_key(self._options.home, "admin")
        result = {
            "rows_read": trained.rows_read,
            "source": trained.source,
            "dataset_digests": trained.dataset_digests,
            "versions": report.versions(trained.manifests),
            "requests": report.requests(self._board),
            "steps": story.results,
            "between_the_steps": report.between(story.between),
            "shadow": report.shadow(await asyncio.to_thread(records.shadows)),
            "killed_worker": report.killed(story.kill),
            "skipped": self._skipped,
            "decisions": {
                "acknowledged": len(tally.acknowledged),
                "found": found,
                "shipped": await asyncio.to_thread(records.shipped),
                "unlogged_answers": tally.unlogged,
            },
            "register": await control_plane.get("/api/v1/register/verify", admin),
            "addresses": self._addresses(),
        }
        result["problems"] = report.problems(result)
        return result

    def _addresses(self) -> dict[str, str]:
        return {
            "gateway": f"{self._gateway_url}/v2",
            "metrics": f"{self._gateway_url}/metrics",
            "control plane API": f"{self._control_url}/openapi.json",
        }

    def _environment(self) -> dict[str, str]:
        return {
            "SIGNALBOX_HOME": str(self._options.home),
            "SIGNALBOX_SHOP": SHOP,
            "SIGNALBOX_CONTROL_PLANE_URL": self._control_url,
            "SIGNALBOX_CONTROL_PLANE_PORT": str(self._options.port_base + 1),
            "SIGNALBOX_GATEWAY_PORT": str(self._options.port_base),
            "SIGNALBOX_GATEWAY_HOST": HOST,
            "BENTOML_HOME": str(self._options.home / "bentoml"),
            "BENTOML_DO_NOT_TRACK": "true",
            "SIGNALBOX_PROGRESS": "true",
            # A demo is short: its decisions shall reach the lake before it ends.
            "SIGNALBOX_SEGMENT_MAX_AGE_S": "10",
            "SIGNALBOX_SHIP_INTERVAL_S": "2",
            "PYTHONUNBUFFERED": "1",
            # Fewer malloc arenas: a third less memory in every process, at no measurable cost.
            "MALLOC_ARENA_MAX": "2",
        }

    def finish(self) -> dict[str, Any]:
        """The result with seconds and memory, once all else is done."""
        return {
            "ok": not self.result["problems"],
            **self.result,
            "seconds": {stage.name: round(stage.seconds or 0.0, 1) for stage in self._board.stages},
            "total_seconds": round(self._board.elapsed(), 1),
            "peak_memory_mb": round(self._memory.peak_bytes / 2**20),
        }


def as_line(result: dict[str, Any]) -> str:
    """One line of JSON."""
    return json.dumps(result, ensure_ascii=False)
