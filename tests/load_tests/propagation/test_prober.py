import asyncio
from contextlib import asynccontextmanager

from load_tests.propagation.prober import PERIOD_SECONDS, Prober

HEAD = b"HTTP/1.1 %d OK\r\nx-signalbox-revision: 1.%d\r\ncontent-length: 2\r\n\r\n{}"


class Worker(asyncio.Protocol):
    """Answers each question ``delay_s`` later with the revision it has then."""

    revision = 1
    status = 200
    delay_s = 0.0
    most = 0
    waiting = 0

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        assert data.startswith(b"POST ")
        assert data.endswith(b"}")
        Worker.waiting += 1
        Worker.most = max(Worker.most, Worker.waiting)
        asyncio.get_running_loop().call_later(Worker.delay_s, self.answer)

    def answer(self):
        Worker.waiting -= 1
        self.transport.write(HEAD % (Worker.status, Worker.revision))


@asynccontextmanager
async def probed(monkeypatch):
    for name in ("revision", "status", "delay_s", "most", "waiting"):
        monkeypatch.setattr(Worker, name, getattr(Worker, name))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Worker, "127.0.0.1", 0)
    prober = Prober([server.sockets[0].getsockname()[1]], "key")
    try:
        async with asyncio.timeout(60):
            await prober.open()
            yield prober
    finally:
        prober.close()
        server.close()


async def until(holds):
    while not holds():  # noqa: ASYNC110 - nobody tells of it; ``probed`` has the deadline
        await asyncio.sleep(0.01)


async def test_the_first_decision_by_a_later_revision_stops_the_clock(monkeypatch):
    async with probed(monkeypatch) as prober:
        prober.start()
        await asyncio.sleep(0.02)
        assert prober.probes[0].first_above(1) is None
        Worker.revision = 3
        [moment] = await prober.all_above(1, 5)
        assert [moment] == await prober.all_above(2, 5)
        await asyncio.sleep(0.02)
        assert await prober.all_above(1, 5) == [moment]
        prober.stop()
        assert prober.revision == 3
        assert not prober.failures()


async def test_a_slow_worker_is_asked_on_its_other_connection_and_no_further(monkeypatch):
    async with probed(monkeypatch) as prober:
        Worker.delay_s, Worker.most = 20 * PERIOD_SECONDS, 0
        prober.start()
        await until(lambda: Worker.most >= 2)
        await asyncio.sleep(0.1)
        prober.stop()
        assert Worker.most == 2


async def test_it_asks_no_more_often_than_it_says(monkeypatch):
    async with probed(monkeypatch) as prober:
        prober.start()
        await until(lambda: prober.probes[0].answers > 9)
        await asyncio.sleep(0.2)
        prober.stop()
        effort = prober.effort
        assert 0 < effort.answers <= effort.seconds / PERIOD_SECONDS + 8


async def test_a_refused_probe_is_a_failure_and_no_decision(monkeypatch):
    async with probed(monkeypatch) as prober:
        Worker.status, Worker.revision = 503, 9
        prober.start()
        await until(prober.failures)
        prober.stop()
        assert prober.revision == 1
        assert prober.failures()
