"""The Admin GraphQL client: one document in, its data out, within Shopify's limits.

Of the library ShopifyAPI only the version's path is used: its transport has no timeout, its
session is the whole process's. What is sent again, and when:

- refused before it ran (no connection, 401 once, 429, 430, 423, THROTTLED): always;
- perhaps run (5xx, an answer that broke off): queries, and mutations whose document says that
  doing them twice does no harm. Others raise Unavailable with ``maybe_done``.
"""

import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from shopify.api_version import ApiVersion

from bentos.contract.errors import ContractError
from bentos.shopify_admin import answer as answers
from bentos.shopify_admin import download, pause
from bentos.shopify_admin.answer import Answer, Broken, Closed, Failed, Good, Throttled
from bentos.shopify_admin.clock import Clock
from bentos.shopify_admin.cost import MAX_COST, Costs
from bentos.shopify_admin.document import Document, load
from bentos.shopify_admin.errors import TooExpensive, Unavailable
from bentos.shopify_admin.shared_bucket import Impatient, SharedBucket
from bentos.shopify_admin.tokens import Tokens
from bentos.shopify_admin.transport import Lost, Reply, Transport, site_of

VERSION = "2026-10"
PATIENCE_S = 900.0
"A nightly run can wait; who answers a webhook gives less."
_LOG = logging.getLogger(__name__)
_RELEASE = re.compile(r"\d{4}-(01|04|07|10)")


@dataclass(slots=True)
class _Call:
    """One execution under way."""

    document: Document
    variables: Mapping[str, Any]
    content: bytes
    until: float
    problems: int = 0
    throttled: int = 0
    renewed: bool = False


class _Renewed:
    """The token was refused and there is another one now."""


Outcome = answers.Outcome | _Renewed


class AdminClient:
    """A shop's Admin API. Threads may share one; processes share its bucket and its tokens."""

    def __init__(
        self,
        shop: str,
        tokens: Tokens,
        *,
        site: str | None = None,
        clock: Clock,
        bucket: SharedBucket,
        patience_s: float = PATIENCE_S,
        transport: Transport | None = None,
    ) -> None:
        """``patience_s``: how long one execution may wait, by the clock, and be on its way.

        The way counts in real seconds, as the transport's limits do: on a clock that runs
        twenty times as fast, one answer that is missing for a minute would be all patience.
        """
        self.shop = shop
        self._tokens = tokens
        self._clock = clock
        self._bucket = bucket
        self._patience_s = patience_s
        self._transport = transport or Transport()
        self._costs = Costs()
        self._url = graphql_url(site_of(shop, site))
        self.answered_version: str | None = None
        "The version Shopify answered in: another one than asked for once ours is retired."

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the connections go."""
        self._transport.close()

    def execute(self, name: str, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run the document ``name`` and return its ``data``; raises ShopifyError.

        A mutation whose payload has ``userErrors`` raises Refused with their codes.
        """
        return self.run(load(name), variables or {})

    def run(self, document: Document, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Run a document; as :meth:`execute`."""
        data = self._until_good(self._call(document, variables))
        complaint = answers.user_errors(data) if document.is_mutation else None
        if complaint is not None:
            raise complaint
        return data

    def download(self, url: str, offset: int = 0, size: int | None = None) -> Iterator[bytes]:
        """The bytes of a bulk operation's result from ``offset`` on, unpacked, piece by piece.

        ``size`` is its ``fileSize``: an answer that ends sooner is gone on with, not believed.
        Raises ResultExpired and Unavailable.
        """
        source = download.Source(url, size)
        return download.pieces(self._transport, source, offset, self._clock, self._patience_s)

    def _call(self, document: Document, variables: Mapping[str, Any]) -> _Call:
        body = {
            "query": document.text,
            "variables": dict(variables),
            "operationName": document.operation,
        }
        until = self._clock.monotonic() + self._patience_s
        return _Call(document, variables, json.dumps(body).encode(), until)

    def _until_good(self, call: _Call) -> dict[str, Any]:
        while True:
            outcome = self._once(call)
            if isinstance(outcome, Good):
                return outcome.data
            self._after(call, outcome)

    def _once(self, call: _Call) -> Outcome:
        """Wait for the points, ask, and note what the answer says of them."""
        token = self._tokens.token()
        turn = self._take(call)
        try:
            reply = self._exchanged(call, token)
        except Lost as lost:
            if lost.arrived:
                self._bucket.settle(turn, None)
                return Broken(str(lost))
            self._bucket.give_up(turn)
            return Closed(str(lost), 0)
        except BaseException:
            self._bucket.settle(turn, None)
            raise
        said = answers.read(reply)
        self._note(call, turn, reply, said)
        if reply.status == 401 and not call.renewed:
            # A token may end, or be replaced by another process, between two requests.
            call.renewed = True
            self._tokens.renewed(token)
            return _Renewed()
        return said.outcome

    def _exchanged(self, call: _Call, token: str) -> Reply:
        began, real = self._clock.monotonic(), time.monotonic()
        try:
            return self._transport.post(self._url, call.content, _headers(token))
        finally:
            call.until += self._clock.monotonic() - began - (time.monotonic() - real)

    def _take(self, call: _Call) -> int:
        cost = self._costs.expected(call.document, call.variables)
        if cost > MAX_COST:
            what = f"{call.document.name} would cost {cost:g} points, more than one query may"
            raise TooExpensive(what, "Ask for smaller pages.", cost)
        flight_s = self._transport.limits.total_s * 2
        try:
            return self._bucket.take(cost, flight_s=flight_s, until=call.until)
        except Impatient as impatient:
            hint = "Others of this app use the shop's limit. Try again later."
            raise Unavailable(f"{call.document.name}: {impatient}", hint) from None

    def _note(self, call: _Call, turn: int, reply: Reply, said: Answer) -> None:
        if said.requested is not None:
            self._costs.learn(call.document, call.variables, said.requested)
        if said.reading is None and isinstance(said.outcome, Closed | Failed):
            # Refused before it ran: nothing was used.
            self._bucket.give_up(turn)
        else:
            self._bucket.settle(turn, said.reading)
        if isinstance(said.outcome, Closed):
            self._bucket.close(said.outcome.seconds)
        self._note_version(reply.headers.get("X-Shopify-API-Version", VERSION))

    def _note_version(self, answered: str) -> None:
        if answered not in (VERSION, self.answered_version):
            _LOG.warning("%s answers API version %s, not %s", self.shop, answered, VERSION)
        self.answered_version = answered

    def _after(self, call: _Call, outcome: Outcome) -> None:
        """Wait before the next try; raises what the outcome comes to when there is none."""
        match outcome:
            case Failed(error):
                raise error
            case Throttled():
                # The bucket knows now what is missing, unless somebody else drains it.
                call.throttled += 1
                wait = pause.after(call.throttled - 1) if call.throttled > 1 else 0.0
                self._wait(call, "THROTTLED", wait)
            case Closed(what, seconds, error):
                call.problems += 1
                if error is not None and self._clock.monotonic() + seconds > call.until:
                    raise error
                self._wait(call, what, seconds + pause.after(call.problems))
            case Broken(what):
                self._after_broken(call, what)

    def _after_broken(self, call: _Call, what: str) -> None:
        document = call.document
        call.problems += 1
        if document.is_mutation and not document.repeatable:
            hint = "Look whether it was done before doing it again."
            raise Unavailable(f"{document.name}: {what}", hint, maybe_done=True)
        self._wait(call, what, pause.after(call.problems), maybe_done=document.is_mutation)

    def _wait(self, call: _Call, what: str, seconds: float, *, maybe_done: bool = False) -> None:
        if self._clock.monotonic() + seconds > call.until:
            text = f"{call.document.name}: {what}, after {self._patience_s:g} s of trying"
            raise Unavailable(text, "Try again later.", maybe_done=maybe_done)
        self._clock.sleep(seconds)


def graphql_url(site: str, version: str = VERSION) -> str:
    """Where documents of an API version are posted to; raises ContractError."""
    # The library takes any four and two digits for a version.
    if version != "unstable" and not _RELEASE.fullmatch(version):
        raise ContractError("version", "YYYY-01, -04, -07, -10 or unstable", version)
    path: str = ApiVersion.coerce_to_version(version).api_path(site)
    return f"{path}/graphql.json"


def _headers(token: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-Shopify-Access-Token": token,
    }
