"""Kill -9 at each step of a publish: what is served ends up as what the tables want."""

import asyncio
import signal
import threading
from contextlib import contextmanager, suppress

import httpx
import pytest

from control_plane.crash_point import Countdown, CrashPoint
from gateway.document_stream import DocumentStream
from gateway.documents import DocumentStore, load_public_key

# Before a change is committed there is nothing to publish.
OF_A_PUBLISH = [point for point in CrashPoint if point.is_of_publish]
# A kill is published by the transaction that sets it: until then there is neither.
TOGETHER = {CrashPoint.COMPILED, CrashPoint.ARCHIVED, CrashPoint.RECORDED, CrashPoint.WRITTEN}


def test_nothing_is_armed_without_the_variable():
    countdown = Countdown("")
    assert not any(countdown.passed(point) for point in CrashPoint)


def test_only_the_armed_place_and_time_count():
    countdown = Countdown("publish.committed@2")
    passed = [CrashPoint.COMMITTED, CrashPoint.COMPILED, CrashPoint.COMMITTED, CrashPoint.COMMITTED]
    assert [countdown.passed(point) for point in passed] == [False, False, True, False]


def test_a_place_that_does_not_exist_is_no_silent_no():
    with pytest.raises(ValueError, match=r"publish\.nowhere"):
        Countdown("publish.nowhere")


class Gateway:
    """The gateway's own end of the stream, and every document it ever took."""

    def __init__(self, plane, folder):
        self.taken = []
        keys = plane.home / "keys"
        public_key = load_public_key(keys / "documents.pub")
        self.store = DocumentStore(folder, public_key, lambda *taken: self.taken.append(taken))
        self._stream = DocumentStream(plane.url, keys / "gateway.key", self.store)
        self._ending = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    async def _run(self):
        following = asyncio.create_task(self._stream.run())
        await self._ending.wait()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following

    @contextmanager
    def following(self):
        self._thread.start()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join(20)
            self._loop.close()

    def has(self, index):
        held = {(h.name.value, h.revision.number, h.digest) for h in self.store.headers.values()}
        return held == {(h["name"], h["revision"][1], h["digest"]) for h in index}


class Line:
    """A plane with a canary to ramp and a model to kill, and a gateway that follows."""

    def __init__(self, plane, open_shop):
        self.plane = plane
        plane.start()
        self.ramped, self.killed = open_shop(plane), open_shop(plane)
        self.stable = self.killed.bootstrap()
        self.ramped.bootstrap()
        self.release = self.ramped.must(self.ramped.started(steps=[0.9]), "ramp")
        self.weight = 0.9
        self.kills = 0

    def ramp(self):
        """One percent back."""
        self.weight = round(self.weight - 0.01, 2)
        self.ramped.tell(self.release, "ramp", weight=self.weight)

    def kill(self):
        """Force the model that has one version onto it."""
        self.kills += 1
        body = {"model": self.killed.model, "version": self.stable, "reason": f"kill {self.kills}"}
        self.killed.author.post("/api/v1/kills", json=body)

    def crash(self, point, change):
        """Start a plane that dies at this point, change something, and see it die."""
        self.plane.stop()
        # What is in force already is announced at the start.
        times = 2 if point is CrashPoint.ANNOUNCED else 1
        self.plane.start(SIGNALBOX_CRASH_AT=f"{point.value}@{times}")
        with suppress(httpx.TransportError):
            change()
        assert self.plane.ended() == -signal.SIGKILL, point
        if change == self.kill and point in TOGETHER:
            self.kills -= 1

    def heal(self, gateway, change):
        """Start a plane as anybody would: all must be as the last change wants it."""
        plane = self.plane
        plane.start()
        self.ramped.routed(lambda f: f["rules"][0]["ranges"][1] == [0, self.weight])
        if change == self.kill:
            entry = plane.document("kill")["models"].get(self.killed.model, {})
            assert entry.get("reason") == (f"kill {self.kills}" if self.kills else None)
            active = self.killed.author.get("/api/v1/kills").json()
            assert [kill["reason"] for kill in active] == [entry.get("reason")] * bool(entry)
        verdict = plane.admin.get("/api/v1/register/verify").json()
        assert verdict["ok"], verdict
        index = plane.holder("gateway").get("/gateway/v1/documents/index").json()
        plane.wait(lambda: gateway.has(index), "the gateway's documents")

    def published(self):
        """Revision → digest, of every publication in the register; each revision once."""
        wanted = {"action": "document:publish", "limit": 500}
        events = self.plane.admin.get("/api/v1/register/events", params=wanted).json()
        told = [(e["entity_revision"], e["diff"]["digest"][1]) for e in events]
        numbers = [number for number, _ in told]
        assert numbers == list(range(1, len(numbers) + 1))
        return dict(told)


def crash_and_heal(plane, open_shop, tmp_path, steps):
    line = Line(plane, open_shop)
    gateway = Gateway(plane, tmp_path / "documents")
    with gateway.following():
        for point, name in steps:
            change = getattr(line, name)
            line.crash(point, change)
            line.heal(gateway, change)
        published = line.published()
    # Nothing was told that did not stay: each revision a gateway took is in the register.
    assert gateway.taken
    assert {revision.number for _, _, revision in gateway.taken} <= published.keys()
    for header in gateway.store.headers.values():
        assert published[header.revision.number] == header.digest


@pytest.mark.acceptance
@pytest.mark.slow
def test_killed_before_and_after_the_commit_of_a_publish_it_heals(new_plane, open_shop, tmp_path):
    steps = [(CrashPoint.WRITTEN, "kill"), (CrashPoint.COMMITTED, "ramp")]
    crash_and_heal(new_plane, open_shop, tmp_path, steps)


@pytest.mark.slow
@pytest.mark.acceptance
@pytest.mark.parametrize("change", ["ramp", "kill"])
def test_killed_at_each_step_of_a_publish_it_heals(new_plane, open_shop, tmp_path, change):
    crash_and_heal(new_plane, open_shop, tmp_path, [(point, change) for point in OF_A_PUBLISH])
