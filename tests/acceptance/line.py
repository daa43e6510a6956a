"""Callers in threads, for tests that watch what a line answers while something happens to it."""

import http.client
import random
import threading
import time
from typing import Any, Self

import httpx

from load_tests.installation.line import Answer, Line


class Load:
    """Callers in threads, until the block ends. ``answers`` holds everything that came back."""

    def __init__(self, line: Line, threads: int = 4, pause: float = 0.004) -> None:
        self._line = line
        self._pause = pause
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(n,)) for n in range(threads)]
        self.answers: list[Answer] = []
        self.broken: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @property
    def failures(self) -> list[Any]:
        return [*self.broken, *(answer for answer in self.answers if answer.status != 200)]

    def _call(self, number: int) -> None:
        draw = random.Random(number)
        with httpx.Client(base_url=self._line.gateway_url, timeout=20, trust_env=False) as client:
            while not self._stopping.is_set():
                key = f"b-{draw.randrange(10_000)}"
                body = {"targeting_key": key, "instances": [{"a": draw.random(), "b": 2.0}]}
                try:
                    self.answers.append(self._line.ask(client, key, body))
                except (httpx.HTTPError, http.client.HTTPException) as error:
                    self.broken.append(repr(error))
                time.sleep(self._pause)
