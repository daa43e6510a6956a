"""The shortest way from a socket to ``predict``: a whole inference call in one read is answered in
one write, without uvicorn's scope, cycle and events.

Whatever is not exactly that (pieces, chunks, compression, other routes) goes through uvicorn
and ``App.__call__`` as it always did: this class decides about speed only, never about behaviour.
"""

import asyncio
from collections.abc import Coroutine
from time import monotonic
from typing import TYPE_CHECKING, Any

from bentos.contract.plain_request import PlainHead, PlainRequests
from gateway.admission import Admission
from gateway.errors import GatewayError
from gateway.head_limits import HeadLimits
from gateway.reply import Reply, render

if TYPE_CHECKING:
    from gateway.app import App, HotCall

MAX_HEAD_BYTES = 8192
# A client that sends this much before it has its answer is not read from until it has.
MAX_HELD_BYTES = 65_536


class HotProtocol(HeadLimits):
    """One connection. ``gateway`` is the App (set by ``for_app``)."""

    @classmethod
    def for_app(cls, app: "App") -> "type[HotProtocol]":
        """A protocol class bound to an app, as uvicorn makes one object per connection."""
        return type("BoundHotProtocol", (cls,), {"gateway": app})

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._requests = PlainRequests(min(MAX_HEAD_BYTES, self.gateway.config.max_head_bytes))
        self._head: PlainHead | None = None
        self._call: HotCall | None = None
        self._in_message = False
        self._answering: asyncio.Task[None] | None = None
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._leaving = False
        self._active_at = 0.0
        self._reader_timer: asyncio.TimerHandle | None = None

    # --- in -----------------------------------------------------------------------------
    def data_received(self, data: bytes) -> None:
        """Answer a whole inference call here, hand everything else to uvicorn."""
        if self._answering is not None:
            self._hold(data)
            return
        request = self._requests.split(data) if self._is_free() else None
        if request is None or (call := self._call_of(request[0])) is None:
            super().data_received(data)
            return
        head, body = request
        if self._head_timer is not None:
            self._stop_waiting()  # the time of the first head: none is waited for any more
        try:
            caller = self.gateway.caller_of(call, head.headers)
            admission = self.gateway.serving.overload.enter(call.model)
        except GatewayError as error:
            reply = self.gateway.refuse_call(call, head.headers, error)
            self.transport.write(render(reply, close=self._leaving))
            self._answered()
        else:
            work = self.gateway.answer_call(call, head.headers, body, caller)
            self._answering = self.loop.create_task(self._answer(work, admission))

    def _call_of(self, head: PlainHead) -> "HotCall | None":
        """The inference call a head names; as a rule it is the one before it again."""
        if head is not self._head:
            fits = len(head.headers) <= self._limits.max_headers
            self._head, self._call = head, self.gateway.hot_call(head.path) if fits else None
        return self._call

    def _is_free(self) -> bool:
        """Nothing half read, nothing being answered, and the client reads its answers."""
        return (
            not self._in_message
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
        )

    def _hold(self, data: bytes) -> None:
        """What comes before the answer left waits for it."""
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > MAX_HELD_BYTES:
            self.flow.pause_reading()

    def on_message_begin(self) -> None:
        """The parser has seen a request's first byte: until its end, all bytes are its."""
        self._in_message = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """The parser has seen a request's last byte."""
        self._in_message = False
        super().on_message_complete()

    # --- out ----------------------------------------------------------------------------
    async def _answer(self, work: Coroutine[Any, Any, Reply], admission: Admission | None) -> None:
        try:
            reply = await work
            if not self.transport.is_closing():
                self.transport.write(render(reply, close=self._leaving))
            if reply.shadow is not None:
                self.gateway.mirror(reply.shadow)
        except BaseException:  # cut off by a drain, or a defect: nobody waits for more
            self.transport.close()
            raise
        finally:
            if admission is not None:
                admission.leaves(monotonic())
            self._answered()

    def _answered(self) -> None:
        self._answering = None
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self._leaving:
            self.transport.close()
            return
        self._active_at = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_handler()
        if self._held:
            data = b"".join(self._held)
            self._held, self._held_bytes = [], 0
            self.flow.resume_reading()
            self.data_received(data)

    # --- the connection's life ------------------------------------------------------------
    def timeout_keep_alive_handler(self) -> None:
        """Close when idle for long enough; one timer for many requests, set again when it rings."""
        idle = self.loop.time() - self._active_at
        if self._answering is None and idle >= self.timeout_keep_alive:
            super().timeout_keep_alive_handler()
            self._stop_watching()
            self._watch_reader(self.transport.get_write_buffer_size())
            return
        wait = self.timeout_keep_alive if self._answering else self.timeout_keep_alive - idle
        self.timeout_keep_alive_task = self.loop.call_later(wait, self.timeout_keep_alive_handler)

    def pause_writing(self) -> None:
        """The client reads slower than answers come; until it catches up nothing is written."""
        super().pause_writing()
        self._watch_reader(self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client caught up."""
        super().resume_writing()
        self._stop_watching()

    def _watch_reader(self, left: int) -> None:
        """Who reads nothing of the bytes ``left`` for the keep-alive time is not waited for."""
        if left:
            wait = self.timeout_keep_alive
            self._reader_timer = self.loop.call_later(wait, self._look_at_reader, left)

    def _look_at_reader(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if left >= before:
            self.transport.abort()
        else:
            self._watch_reader(left)

    def _stop_watching(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def shutdown(self) -> None:
        """Called by uvicorn to drain: what is being answered is answered, then closed."""
        if self._answering is None:
            super().shutdown()
        else:
            self._leaving = True
            self._be_waited_for()

    def _be_waited_for(self) -> None:
        """A drain waits for uvicorn's tasks, and ends those that take too long; only now may
        that be needed, so requests do not pay for it."""
        if self._answering is not None:
            self.tasks.add(self._answering)
            self._answering.add_done_callback(self.tasks.discard)

    def has_spoken(self) -> bool:
        """Whether a request ever came, on either way."""
        return self._active_at > 0 or self._answering is not None or super().has_spoken()

    def leave_after_answer(self) -> None:
        """The next answer says that it is the last; until then this connection stays open."""
        self._leaving = True
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.keep_alive = False

    def connection_lost(self, exc: Exception | None) -> None:
        """The caller is gone. A request in flight is finished, since its decision is due."""
        super().connection_lost(exc)
        self._be_waited_for()
        # After a reset uvicorn leaves its timer, and with it this object, for the whole timeout.
        self._unset_keepalive_if_required()
        self._stop_watching()
