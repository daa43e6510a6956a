"""Lists in pages: one mechanism for every endpoint that answers with a list.

``limit`` bounds a page; a ``Link`` header with ``rel="next"`` (RFC 8288) leads to the following
one, if there is one. Its ``cursor`` says after which entry that page begins, by what the list is
ordered by, so entries that come or go meanwhile neither repeat others nor hide them.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Query, Request
from sqlalchemy import Integer, tuple_
from sqlmodel.sql.expression import SelectOfScalar
from starlette.responses import Response

from bentos.contract.errors import ContractError
from control_plane.body import check_sayable
from control_plane.db import ReadSession

USUAL_LIMIT = 100
MAX_LIMIT = 1000
MAX_CURSOR = 2000
CURSOR = "cursor"
T = TypeVar("T")
Key = list[str | int]


class Listing:
    """The part of a list that is asked for; without a limit all of it."""

    def __init__(self, limit: int | None = None, after: Key | None = None) -> None:
        self._limit = limit
        self._after = after
        self.following: Key | None = None
        """What the page ends with, once it is cut, if more follows."""

    def rows(
        self,
        session: ReadSession,
        query: SelectOfScalar[T],
        *order: Any,
        newest_first: bool = False,
    ) -> list[T]:
        """A page of what the query selects, by these columns, which together are unique."""
        kinds = tuple(int if isinstance(each.type, Integer) else str for each in order)

        def load(after: Key | None, limit: int | None) -> list[T]:
            asked = query.order_by(*(each.desc() if newest_first else each for each in order))
            if after is not None:
                mine, last = tuple_(*order), tuple_(*after)
                asked = asked.where(mine < last if newest_first else mine > last)
            return list(session.exec(asked.limit(limit)))

        return self.fetch(load, lambda row: [getattr(row, each.key) for each in order], kinds)

    def cut(
        self, items: Iterable[T], key: Callable[[T], Key], kinds: tuple[type, ...] = (str,)
    ) -> list[T]:
        """A page of a list that is small enough to be made whole, in the order of ``key``."""

        def load(after: Key | None, limit: int | None) -> list[T]:
            return list(islice((e for e in items if after is None or key(e) > after), limit))

        return self.fetch(load, key, kinds)

    def fetch(
        self,
        load: Callable[[Key | None, int | None], Sequence[T]],
        key: Callable[[T], Key],
        kinds: tuple[type, ...],
    ) -> list[T]:
        """A page of what ``load`` finds after a key, at most so many.

        Raises ContractError for a cursor whose members are not of these kinds.
        """
        after = self._after
        if after is not None and tuple(map(type, after)) != kinds:
            raise _bad_cursor()
        if self._limit is None:
            return list(load(after, None))
        # One more tells whether anything follows.
        found = list(load(after, self._limit + 1))
        page = found[: self._limit]
        if len(found) > len(page):
            self.following = key(page[-1])
        return page


EVERYTHING = Listing()
"""For callers within the process. Never cut, so it may be shared."""


def asked_listing(
    request: Request,
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="How many entries a page has at most.")
    ] = USUAL_LIMIT,
    cursor: Annotated[
        str | None,
        Query(
            max_length=MAX_CURSOR,
            description="Where the page begins: from the `next` link of the page before.",
        ),
    ] = None,
) -> Listing:
    """A dependency; raises ContractError for a cursor that no answer held."""
    listing = Listing(limit, None if cursor is None else _read(cursor))
    request.state.listing = listing
    return listing


def link(request: Request, response: Response) -> None:
    """Name the following page in the answer's head, if there is one."""
    listing: Listing | None = getattr(request.state, "listing", None)
    if listing is not None and listing.following is not None:
        name_next(request, response, CURSOR, _write(listing.following))


def name_next(request: Request, response: Response, parameter: str, value: str) -> None:
    """Say that the following page is the same address with another value of one parameter."""
    # What was asked, with every value a parameter has.
    query = parse_qsl(request.url.query, keep_blank_values=True)
    asked = [(name, each) for name, each in query if name != parameter]
    # Relative (RFC 3986 §4.2): whoever stands in front may have another address.
    target = f"{request.url.path}?{urlencode([*asked, (parameter, value)])}"
    response.headers["link"] = f'<{target}>; rel="next"'


Paged = Annotated[Listing, Depends(asked_listing)]


def _write(key: Key) -> str:
    text = json.dumps(key, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def _read(cursor: str) -> Key:
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise _bad_cursor() from error
    if not isinstance(key, list) or not all(type(each) in (str, int) for each in key):
        raise _bad_cursor()
    check_sayable(key, CURSOR)
    return key


def _bad_cursor() -> ContractError:
    hint = "Begin without a cursor, and follow the links."
    return ContractError(CURSOR, "the cursor of a next link of this list", "another", hint)
