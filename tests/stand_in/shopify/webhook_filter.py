"""A subscription's ``filter`` and ``includeFields``: which bodies are sent, and what of them.

A filter is search syntax over the fields of the body, nested ones behind a period; of a list one
element is enough (https://shopify.dev/docs/apps/build/webhooks/customize/filters). There is no
list of fields that may be named: one that the body does not have suppresses every delivery, and
nobody is told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from operator import eq, ge, gt, le, lt
from typing import Any

from tests.stand_in.shopify.search_syntax import Either, Every, Not, Query, Term, parsed

COMPARED: dict[str, Callable[[Any, Any], bool]] = {"=": eq, ">": gt, ">=": ge, "<": lt, "<=": le}
ANYTHING = "*"


class _NoSuchField(Exception):
    """The filter asks for what no such body has."""


def passes(text: str | None, body: Mapping[str, Any]) -> bool:
    """Whether a body is sent to a subscription with this filter."""
    query = parsed(text)
    try:
        return query is None or _holds(query, body)
    except _NoSuchField:
        return False


def kept(body: Any, fields: Iterable[str]) -> Any:
    """The part of a body that ``includeFields`` names; ``a.b`` is ``b`` of each ``a``."""
    below: dict[str, list[str]] = {}
    for field in fields:
        name, _, rest = field.partition(".")
        below.setdefault(name, []).append(rest)
    if isinstance(body, list):
        return [kept(each, fields) for each in body]
    if not isinstance(body, Mapping):
        return body
    return {
        name: value if "" in below[name] else kept(value, below[name])
        for name, value in body.items()
        if name in below
    }


def _holds(query: Query, body: Mapping[str, Any]) -> bool:
    match query:
        case Every(parts) | Either(parts):
            # Each is looked at, as each may name a field that is none.
            held = [_holds(part, body) for part in parts]
            return all(held) if isinstance(query, Every) else any(held)
        case Not(part):
            return part is None or not _holds(part, body)
        case Term():
            return _fits(query, body)


def _fits(term: Term, body: Mapping[str, Any]) -> bool:
    if term.field is None:
        raise _NoSuchField
    found = [each for each in _values(body, term.field) if each is not None]
    if term.value == ANYTHING and not term.quoted:
        return bool(found)
    return any(_compares(each, term) for each in found)


def _values(held: Any, path: str) -> Iterator[Any]:
    if isinstance(held, list):
        for each in held:
            yield from _values(each, path)
    elif not path:
        yield held
    elif isinstance(held, Mapping):
        name, _, rest = path.partition(".")
        if name not in held:
            raise _NoSuchField
        yield from _values(held[name], rest)
    elif held is not None:
        raise _NoSuchField


def _compares(held: Any, term: Term) -> bool:
    text = str(held).lower() if isinstance(held, bool) else str(held)
    if term.sign == "=" and term.value.endswith(ANYTHING) and not term.quoted:
        return text.lower().startswith(term.value[:-1].lower())
    for read in (_number, _moment):
        pair = read(text), read(term.value)
        if None not in pair:
            return COMPARED[term.sign](*pair)
    return term.sign == "=" and text.lower() == term.value.lower()


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
