"""Replays shoppers through the gateway: paced, bounded, keep-alive."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec

from demo.answers import Answer, Failure, Tally
from demo.gateway_connection import GatewayConnection, Response
from demo.shoppers import Shoppers, Visit

CONNECTIONS = 24
REQUEST_TIMEOUT_S = 5.0
_OK = 200


@dataclass(frozen=True, slots=True)
class Pace:
    """Requests a second and how they divide among the models (shares sum to 1)."""

    per_second: float
    shares: Mapping[str, float]


class Replay:
    """Sends visits until stopped; every answer goes to the tally and to ``on_answer``."""

    def __init__(self, host: str, port: int, key: str, shoppers: Shoppers, tally: Tally) -> None:
        self._shoppers = shoppers
        self._tally = tally
        self._connections = [GatewayConnection(host, port, key) for _ in range(CONNECTIONS)]
        self._free: asyncio.Queue[GatewayConnection] = asyncio.Queue()
        self._random = random.Random(20_261_123)
        self._stopping = asyncio.Event()
        self._in_flight: set[asyncio.Task[None]] = set()
        self.pace = Pace(100.0, {})
        self.on_answer: Callable[[Answer], None] = lambda _: None

    def stop(self) -> None:
        """Ask ``run`` to end after the requests in flight."""
        self._stopping.set()

    async def run(self) -> None:
        """Send at the pace; when all connections are busy it falls behind instead of piling up."""
        for connection in self._connections:
            self._free.put_nowait(connection)
        due = time.monotonic()
        while not self._stopping.is_set():
            due = max(due + 1.0 / self.pace.per_second, time.monotonic() - 0.05)
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            connection = await self._free.get()
            task = asyncio.create_task(self._send(connection, self._next()))
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
        await asyncio.gather(*self._in_flight)
        for connection in self._connections:
            connection.close()

    def _next(self) -> Visit:
        models = list(self.pace.shares)
        (model,) = self._random.choices(models, weights=[self.pace.shares[m] for m in models])
        return self._shoppers.next(model)

    async def _send(self, connection: GatewayConnection, visit: Visit) -> None:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                response = await connection.post(f"/v1/models/{visit.model}:predict", visit.body)
            self._take(visit, response, time.perf_counter() - started)
        except (OSError, EOFError, TimeoutError) as error:
            problem = f"{type(error).__name__}: {error}"
            self._tally.fail(Failure(visit.model, visit.key, problem))
        finally:
            self._free.put_nowait(connection)

    def _take(self, visit: Visit, response: Response, seconds: float) -> None:
        body = response.body
        if response.status != _OK or not isinstance(body, dict) or not body.get("predictions"):
            problem = f"HTTP {response.status}: {msgspec.json.encode(body).decode()[:300]}"
            self._tally.fail(Failure(visit.model, visit.key, problem))
            return
        answer = Answer(
            model=visit.model,
            key=visit.key,
            version=body["model_version"],
            variant=body["variant"],
            reason=body["reason"],
            revision=body["revision"],
            decision=None if body["decision_id"] is None else UUID(body["decision_id"]),
            seconds=seconds,
        )
        self._tally.add(answer)
        self.on_answer(answer)
