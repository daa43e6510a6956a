"""Callers of a soak: a steady rate of good and bad requests, every answer judged at once.

Nothing is kept per request: a soak looks for growth, and must not grow itself.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress

from load_tests.bad_requests import BadRequest, BadRequests
from load_tests.installation.connection import Connection, HttpAnswer
from load_tests.installation.question import Question, ask_binary, ask_json, read_answer

CALLERS = 8
KEYS = 5000
MOST_ROWS = 8
BAD_SHARE = 0.3
# A soak is about harm, not about speed: a busy machine must not look like a broken gateway.
PATIENCE = b"x-request-timeout-ms: 5000\r\n\r\n"
MOST_FAILURES = 20


class SoakCallers:
    """Counts of what came back. ``failures`` names what never may (the first twenty)."""

    def __init__(self, host: str, port: int, api_key: str, offsets: Mapping[str, float]) -> None:
        self.statuses: Counter[str] = Counter()
        self.failed = 0
        self.failures: list[str] = []
        self._place = (host, port)
        self._key = api_key
        self._offsets = offsets

    @property
    def requests(self) -> int:
        """Sent so far."""
        return sum(self.statuses.values())

    async def run(self, rate: float, seconds: float) -> None:
        """Send ``rate`` requests a second, for ``seconds``."""
        until = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as group:
            for number in range(CALLERS):
                group.create_task(self._call(number, CALLERS / rate, until))

    async def _call(self, number: int, pause: float, until: float) -> None:
        loop = asyncio.get_running_loop()
        chance, bad = random.Random(number), BadRequests(self._key, number)
        connection = await Connection.open(*self._place)
        due = loop.time()
        while loop.time() < until:
            question = self._question(chance)
            if not connection.is_open:
                await connection.close()
                connection = await Connection.open(*self._place)
            try:
                if chance.random() < BAD_SHARE:
                    await self._ask_badly(connection, bad.make(question))
                else:
                    await self._ask(connection, question)
            except (OSError, asyncio.IncompleteReadError) as error:
                self._fail(f"connection broke: {error!r}")
                await connection.close()
                connection = await Connection.open(*self._place)
            due = max(due + pause, loop.time() - 1.0)
            await asyncio.sleep(max(0.0, due - loop.time()))
        await connection.close()

    def _question(self, chance: random.Random) -> Question:
        rows = [
            (chance.randrange(1000), chance.randrange(1000), chance.randrange(1000))
            for _ in range(chance.randint(1, MOST_ROWS))
        ]
        ask = chance.choice([ask_json, ask_binary])
        return ask(f"soak-{chance.randrange(KEYS)}", rows, self._key)

    async def _ask(self, connection: Connection, question: Question) -> None:
        head = question.head.removesuffix(b"\r\n") + PATIENCE
        answer = await connection.ask(head + question.body)
        self.statuses[f"good {answer.status}"] += 1
        if answer.status != 200:
            self._fail(f"good request: {answer.status} {answer.body[:200]!r}")
            return
        facts, totals = read_answer(answer.headers, answer.body)
        offset = self._offsets[facts["model_version"]] if "model_version" in facts else 0.0
        if totals != tuple(total + offset for total in question.sums):
            self._fail(f"good request: expected the sums {question.sums}, got {totals}")

    async def _ask_badly(self, connection: Connection, request: BadRequest) -> None:
        if not request.whole:
            self.statuses[f"{request.kind} hung up"] += 1
            await _hang_up(self._place, request.data)
            return
        answer = await connection.ask(request.data)
        self.statuses[f"{request.kind} {answer.status}"] += 1
        if not _fits(answer):
            self._fail(f"{request.kind}: {answer.status} {answer.body[:200]!r}")

    def _fail(self, text: str) -> None:
        self.failed += 1
        if len(self.failures) < MOST_FAILURES:
            self.failures.append(text)


def _fits(answer: HttpAnswer) -> bool:
    """Bad input may be answered (the damage may be harmless) or refused with a reason."""
    if answer.status == 200:
        return True
    if answer.status >= 500:
        return False
    return isinstance(json.loads(answer.body).get("error"), str)


async def _hang_up(place: tuple[str, int], data: bytes) -> None:
    _, writer = await asyncio.open_connection(*place)
    writer.write(data)
    await writer.drain()
    writer.close()
    with suppress(OSError):  # the gateway may have hung up first
        await writer.wait_closed()
