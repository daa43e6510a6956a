"""Refuses calls of models whose queue stands, before anything of a call is decoded.

A call that is refused here was not routed, so it is no decision; it is counted (contract §5).
"""

import asyncio
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import monotonic

import structlog

from gateway.admission import MEMORY_S, RETRY_AFTER_S, Admission
from gateway.errors import Overloaded
from gateway.sample import PREFIX, Over, Sample

log = structlog.get_logger(__name__)


class Overload:
    """One per process. ``stands`` says whether calls of any model were refused lately."""

    def __init__(self) -> None:
        self.stands = False
        self._models: dict[str, Admission] = {}
        self._watch: asyncio.TimerHandle | None = None

    def follow(self, rooms: Mapping[str, int]) -> None:
        """Which models there are, and how many calls of each may stay."""
        for model in self._models.keys() - rooms.keys():
            del self._models[model]
        for model, room in rooms.items():
            known = self._models.setdefault(model, Admission(room))
            known.room = room

    def enter(self, model: str) -> Admission | None:
        """Take a call, or raise Overloaded. It has to leave what it entered; a model nobody
        knows has nothing to enter."""
        admission = self._models.get(model)
        if admission is not None and not admission.enters(monotonic()):
            if not self.stands:
                self._begins(model, admission)
            raise Overloaded(random.choice(RETRY_AFTER_S), model, admission.calls)
        return admission

    def calls(self) -> int:
        """How many are being answered now, of all models."""
        return sum([admission.calls for admission in self._models.values()])

    @contextmanager
    def taken(self, model: str) -> Iterator[None]:
        """A call from its first to its last; raises Overloaded where it is not let in."""
        admission = self.enter(model)
        try:
            yield
        finally:
            if admission is not None:
                admission.leaves(monotonic())

    @contextmanager
    def away(self, model: str) -> Iterator[None]:
        """While a call waits for a version that is not the model's stable one."""
        admission = self._models.get(model)
        if admission is None:
            yield
            return
        admission.goes_away(monotonic())
        try:
            yield
        finally:
            admission.comes_back(monotonic())

    def close(self) -> None:
        """Wait for nothing any more."""
        if self._watch is not None:
            self._watch.cancel()

    def metrics(self) -> Iterator[tuple[str, str, dict[str, str], float] | Sample]:
        """Calls here now, and those refused."""
        for model, admission in self._models.items():
            labels = {"model": model}
            text = "Calls being answered."
            yield Sample(f"{PREFIX}_calls", text, labels, admission.calls, Over.SUM)
            text = "Calls refused before routing because a queue stood."
            yield f"{PREFIX}_overload_refused_total", text, labels, admission.refused
            text = "1 while calls are refused, or were within the last seconds."
            lately = admission.refused_lately(monotonic())
            yield Sample(f"{PREFIX}_overloaded", text, labels, lately, Over.MAX)

    def _begins(self, model: str, admission: Admission) -> None:
        self.stands = True
        log.warning("overload_begins", model=model, calls=admission.calls, room=admission.room)
        loop = asyncio.get_running_loop()
        self._watch = loop.call_later(MEMORY_S, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        now = monotonic()
        if any(admission.refused_lately(now) for admission in self._models.values()):
            self._watch = loop.call_later(MEMORY_S, self._look, loop)
            return
        self.stands, self._watch = False, None
        log.info("overload_ended", refused={m: a.refused for m, a in self._models.items()})
