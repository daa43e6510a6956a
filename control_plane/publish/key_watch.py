"""Whether the keys of open streams are still good, asked once for all streams of a key."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

# Streams of one key that ask within this time share an answer.
SHARED_SECONDS = 2.0
MAX_KEYS = 1000


@dataclass
class _Answer:
    at: float
    good: "asyncio.Future[bool]"


class KeyWatch:
    """Used from the loop's thread only."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._answers: dict[str, _Answer] = {}

    async def is_good(self, key: str, ask: Callable[[], Awaitable[bool]]) -> bool:
        """``ask``, unless another stream of this key did a moment ago."""
        answer = self._answers.get(key)
        if answer is None or self._now() - answer.at > SHARED_SECONDS:
            if len(self._answers) >= MAX_KEYS:
                self._answers.clear()
            answer = _Answer(self._now(), asyncio.ensure_future(ask()))
            self._answers[key] = answer
        # Shielded: a stream that ends meanwhile takes the answer from nobody.
        return await asyncio.shield(answer.good)
