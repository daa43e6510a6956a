"""Honours every request that lies in the home: the command's, the night's and the schedule's way.

One that cannot be honoured keeps no other from it; what is wrong with it is said at the end.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar

import duckdb
import msgspec

from bentos import redaction_files
from bentos.contract.errors import ContractError
from bentos.contract.redaction import MAX_TEXT, Hindrance, RedactionRecord, RedactionRequest
from training.errors import StoreError
from training.redaction import erasing, returned
from training.redaction import work as works
from training.redaction.erasing import NotErased
from training.redaction.waiting import waiting
from training.redaction.work import Work
from training.settings import Settings

Made = TypeVar("Made", Work, RedactionRecord)
REFUSED = (ContractError, StoreError, NotErased, OSError, duckdb.Error)
"""What keeps one request from being honoured, and no other."""
CAME_BACK = "what came back"


class Answered(msgspec.Struct, Generic[Made], frozen=True, kw_only=True):
    """What was made of each request; ``problems``: request → why it could not be honoured.
    ``returned``: table of the shop → rows of orders erased before that had come back."""

    made: tuple[Made, ...] = ()
    problems: dict[str, str] = {}
    returned: dict[str, int] = {}


def honour(settings: Settings, only: str | None = None) -> Answered[RedactionRecord]:
    """Erase for every request without a record (or for one alone), the most urgent first.

    The caller holds the night's lock. Raises BusyError while a run or a sync is under way,
    ContractError for an ``only`` that is not there.
    """
    asked = [path.stem for path in redaction_files.request_files(settings.home)]
    works.forget_others(settings.lake, asked)
    answered = _each(settings, only, _honour)
    return answered if only else _with_returned(settings, answered, dry=False)


def _honour(settings: Settings, request: RedactionRequest) -> RedactionRecord:
    """Who waits for it sees in the home what keeps it from its end, until it has come."""
    try:
        record = erasing.erase(settings, request)
    except REFUSED as error:
        now = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        why = f"{error}"[:MAX_TEXT]
        redaction_files.write_hindrance(settings.home, Hindrance(id=request.id, at=now, why=why))
        raise
    redaction_files.hindrance_path(settings.home, request.id).unlink(missing_ok=True)
    return record


def foresee(settings: Settings, only: str | None = None) -> Answered[Work]:
    """What ``honour`` would find; nothing is changed."""
    answered = _each(settings, only, erasing.foresee)
    return answered if only else _with_returned(settings, answered, dry=True)


def _with_returned(settings: Settings, answered: Answered[Made], *, dry: bool) -> Answered[Made]:
    """And what had come back of those who were erased before, which is nobody's request."""
    try:
        found = returned.take_out(settings, dry=dry)
    except REFUSED as error:
        problems = answered.problems | {CAME_BACK: str(error)}
        return msgspec.structs.replace(answered, problems=problems)
    return msgspec.structs.replace(answered, returned=found)


def _each(
    settings: Settings, only: str | None, do: Callable[[Settings, RedactionRequest], Made]
) -> Answered[Made]:
    requests: list[RedactionRequest] = []
    problems: dict[str, str] = {}
    for name in waiting(settings, only):
        try:
            path = redaction_files.request_path(settings.home, name)
            requests.append(redaction_files.read_request(path))
        except ContractError as error:
            problems[name] = str(error)
    made: list[Made] = []
    for request in sorted(requests, key=lambda each: (each.due_at, each.id)):
        try:
            made.append(do(settings, request))
        except REFUSED as error:
            problems[request.id] = str(error)
    return Answered(made=tuple(made), problems=problems)
