"""When the shadow process is started, and what happens when it cannot be."""

import asyncio
from contextlib import suppress
from subprocess import SubprocessError

import pytest
from structlog.testing import capture_logs

from gateway import shadow_keeper
from gateway.shadow_keeper import ShadowKeeper
from tests.gateway.lanes import until


class Ended:
    """A process that ends as soon as somebody waits for it."""

    pid, served = 1, True

    async def serves(self, within_s):
        return True

    async def ended(self):
        return -9


@pytest.fixture
def starts(monkeypatch):
    """What was started, and how that goes: as the next of ``results`` says."""
    calls = []

    async def start(module, index, *inherited, before):
        calls.append((module, before))
        if len(calls) == 1:
            raise OSError(12, "Cannot allocate memory")
        if len(calls) == 2:
            raise SubprocessError("Exception occurred in preexec_fn.")
        return Ended()

    monkeypatch.setattr(shadow_keeper.WorkerProcess, "start", start)
    monkeypatch.setattr(shadow_keeper, "RESTART_FIRST_S", 0.01)
    return calls


async def test_it_is_started_when_a_copy_waits_and_again_after_whatever_went_wrong(starts):
    keeper = ShadowKeeper(0.1)
    running = asyncio.create_task(keeper.run())
    await asyncio.sleep(0.05)
    assert starts == []
    keeper.feed.send(b"a copy")
    await until(lambda: len(starts) >= 4)
    assert set(starts) == {("gateway.shadow_server", shadow_keeper.start_gently)}
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    keeper._channel.close()


async def test_one_that_has_ended_is_neither_waited_for_nor_said_to_be_cut_off(starts):
    keeper = ShadowKeeper(0.1)
    running = asyncio.create_task(keeper.run())
    keeper.feed.send(b"a copy")
    await until(lambda: len(starts) >= 3)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    with capture_logs() as logs:
        await keeper.end()
    assert logs == []


class Hung(Ended):
    """A process that hears nothing but a kill."""

    def __init__(self):
        self.killed = asyncio.Event()

    def retire(self):
        pass

    def kill(self):
        self.killed.set()

    async def ended(self):
        await self.killed.wait()
        return -9


async def test_one_that_hangs_is_replaced_by_a_rolling_restart_all_the_same(monkeypatch):
    started = []

    async def start(*_, **__):
        started.append(Hung())
        return started[-1]

    monkeypatch.setattr(shadow_keeper.WorkerProcess, "start", start)
    monkeypatch.setattr(shadow_keeper, "RESTART_FIRST_S", 0.01)
    monkeypatch.setattr(shadow_keeper, "KILL_MARGIN_S", 0.01)
    keeper = ShadowKeeper(0.01)
    running = asyncio.create_task(keeper.run())
    keeper.feed.send(b"a copy")
    await until(lambda: len(started) == 1)
    keeper.retire()
    await until(lambda: len(started) == 2)
    await asyncio.sleep(0.05)
    assert [each.killed.is_set() for each in started] == [True, False]
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    keeper._channel.close()
