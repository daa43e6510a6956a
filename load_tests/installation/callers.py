"""Steady callers: keep-alive connections, varied keys, both protocols, every answer kept.

Half of them take a broken connection as a failure. The other half do what a good client
does with a request that is safe to repeat: connect again and ask once more.
"""

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

import msgspec

from bentos.contract.decision import Reason
from bentos.contract.errors import ContractError
from load_tests.installation.connection import Connection, HttpAnswer, LateError
from load_tests.installation.question import Question, ask_binary, ask_json, read_answer

CALLERS = 12
PAUSE_SECONDS = 0.02
KEYS = 5000
MOST_ROWS = 3
QUESTIONS = 400
_BROKEN = (ConnectionError, asyncio.IncompleteReadError, OSError)


MakeQuestions = Callable[[int, str], list[Question]]
"""A caller's number and key → what it asks in turn."""


class Phase(StrEnum):
    """When, seen from the fault."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Answer:
    """A 200. ``at`` is ``time.monotonic``; ``sums`` are the questions', ``totals`` the answers'."""

    at: float
    phase: Phase
    key: str
    sums: tuple[float, ...]
    totals: tuple[float, ...]
    facts: dict[str, Any]

    @property
    def decision_id(self) -> str | None:
        """None where the answer says that nobody wrote it down."""
        return self.facts.get("decision_id")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a caller saw instead of a 200. ``status`` is 0 when no answer came at all."""

    at: float
    phase: Phase
    retrying: bool
    port: int
    status: int
    what: str


@dataclass
class Seen:
    """Everything all callers saw."""

    answers: list[Answer] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    phase: Phase = Phase.BEFORE

    @property
    def requests(self) -> int:
        """Answered or failed."""
        return len(self.answers) + len(self.failures)

    def during(self, *reasons: Reason) -> int:
        """How many answers came with one of ``reasons`` while the fault was there."""
        return sum(
            answer.phase is Phase.DURING and answer.facts["reason"] in reasons
            for answer in self.answers
        )

    def since(self, moment: float) -> list[Answer]:
        """Answers that came after ``moment``."""
        return [answer for answer in self.answers if answer.at > moment]


class Callers:
    """Call ``host:port`` with ``api_key`` from entering the block to leaving it."""

    def __init__(
        self, host: str, port: int, api_key: str, questions: MakeQuestions | None = None
    ) -> None:
        self.seen = Seen()
        questions = questions or sums_of_three
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._make = [
            Caller(number, host, port, questions(number, api_key), self.seen)
            for number in range(CALLERS)
        ]
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start calling."""
        group = await self._stack.enter_async_context(asyncio.TaskGroup())
        self._tasks = [group.create_task(caller.call(self._stopping)) for caller in self._make]
        return self

    async def __aexit__(self, *error: object) -> None:
        """Let every caller finish the request it waits for."""
        self._stopping.set()
        await self._stack.aclose()


def sums_of_three(number: int, api_key: str) -> list[Question]:
    """What one caller asks in turn."""
    draw = random.Random(number)
    ask: Callable[..., Question] = ask_binary if number // 2 % 2 else ask_json
    return [
        ask(
            f"shopper-{draw.randrange(KEYS)}",
            [
                (draw.randrange(1000), draw.randrange(1000), draw.randrange(1000))
                for _ in range(draw.randint(1, MOST_ROWS))
            ],
            api_key,
        )
        for _ in range(QUESTIONS)
    ]


class Caller:
    """One of them; those with odd numbers ask once more when a connection breaks."""

    def __init__(
        self, number: int, host: str, port: int, questions: list[Question], seen: Seen
    ) -> None:
        self._retrying = number % 2 == 1
        self._host, self._port = host, port
        self._questions = questions
        self._seen = seen
        self._connection: Connection | None = None

    async def call(self, stopping: asyncio.Event) -> None:
        """Ask, pause, ask, until ``stopping``."""
        turn = 0
        while not stopping.is_set():
            question = self._questions[turn % len(self._questions)]
            turn += 1
            phase = self._seen.phase
            try:
                self._keep(question, phase, await self._ask(question))
            except (*_BROKEN, LateError) as error:
                self._fail(phase, 0, f"{type(error).__name__}: {error}")
                await self._hang_up()
            await asyncio.sleep(PAUSE_SECONDS)
        await self._hang_up()

    async def _ask(self, question: Question) -> HttpAnswer:
        try:
            return await self._ask_once(question)
        except _BROKEN:
            if not self._retrying:
                raise
            await self._hang_up()
            return await self._ask_once(question)

    async def _ask_once(self, question: Question) -> HttpAnswer:
        if self._connection is None or not self._connection.is_open:
            await self._hang_up()
            self._connection = await Connection.open(self._host, self._port)
        return await self._connection.ask(question.head + question.body)

    def _keep(self, question: Question, phase: Phase, answer: HttpAnswer) -> None:
        if answer.status != 200:
            self._fail(phase, answer.status, answer.body[:200].decode("utf-8", "replace"))
            return
        try:
            facts, totals = read_answer(answer.headers, answer.body)
        except (ContractError, msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            self._fail(phase, answer.status, f"an answer nobody can read: {error}")
            return
        kept = Answer(time.monotonic(), phase, question.key, question.sums, totals, facts)
        self._seen.answers.append(kept)

    def _fail(self, phase: Phase, status: int, what: str) -> None:
        port = 0 if self._connection is None else self._connection.port
        failure = Failure(time.monotonic(), phase, self._retrying, port, status, what)
        self._seen.failures.append(failure)

    async def _hang_up(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
