"""A redaction: somebody is erased, from the wish for it to the event that makes a gap legal.

The control plane writes a ``RedactionRequest`` (a file of the home), training erases what it keeps
and answers with a ``RedactionRecord`` (a file of the lake). Neither names anybody in clear: the
request holds pseudonyms and order numbers, so whoever closes it removes its file; the record
holds digests of them alone and stays. Where they lie: ``bentos/redaction_files.py``.

In the register (contract §5) one event tells of one segment: action ``decision:redact``, entity
``segment_entity(…)``, and in its ``diff`` the ids of the decisions whose personal part (and salt)
was dropped. Ids name no shopper. What erased more in one segment than an event may name writes
several.
"""

import hashlib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from bentos.contract.errors import ContractError, from_decoding
from bentos.contract.identity import Pseudonymizer
from bentos.contract.register import Action, Outcome, RegisterEvent

MAX_DECISIONS = 1000
MEMBER = "decisions"
MAX_BYTES = 16 * 1024 * 1024
# A guest's every order is a name of its own, and so is each that nobody here knows any more.
MAX_SUBJECTS = 10_000
MAX_ORDER_NUMBERS = 100_000
MAX_TEXT = 2000
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
PSEUDONYM = re.compile(r"[A-Z2-7]{26}\Z")
ORDER_NUMBER = re.compile(r"[0-9]{1,20}\Z")
SHA256_HEX = re.compile(r"[0-9a-f]{64}\Z")
ERASED_ORDER = "erased order"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
File = TypeVar("File")


class RedactionKind(StrEnum):
    """``customer``: those named. ``shop``: everybody and everything of the shop."""

    CUSTOMER = "customer"
    SHOP = "shop"


class RedactionRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be erased, and until when. Times are RFC 3339 with a zone.

    ``subjects``: pseudonyms of the person, as customer first, then as whoever else they were
    (targeting key, mail address); ``order_numbers``: the digits of Shopify's order ids.
    """

    id: str
    kind: RedactionKind
    reason: str
    requested_at: str
    due_at: str
    shop: str
    subjects: tuple[str, ...] = ()
    order_numbers: tuple[str, ...] = ()


class Hindrance(msgspec.Struct, frozen=True, kw_only=True):
    """Why training could not end a redaction when it last tried. It names no person; it goes once
    the redaction is done, and until then the request stays open."""

    id: str
    at: str
    why: str


class TrainedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version that was trained on rows of whoever is erased."""

    model: str
    version: str


class RedactionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What training erased; it names no subject.

    ``subjects_sha256`` tells who was erased (digests of pseudonyms), ``orders_keyed`` which orders
    never come back (``order_digest``). What those people order after ``until`` is new; "" stands
    for ``at``. ``snapshots`` and ``features``: digest before → digest after, null where nothing is
    left. ``removed``: place → rows (or files) that are gone from it. ``shop``: which one was erased
    whole; "" where it was somebody.

    ``orders_sha256`` stands in records of earlier releases only: plain digests of order numbers,
    which whoever reads one can guess from it.
    """

    id: str
    at: str
    reason: str = ""
    subjects_sha256: tuple[str, ...] = ()
    orders_sha256: tuple[str, ...] = ()
    orders_keyed: tuple[str, ...] = ()
    until: str = ""
    shop: str = ""
    snapshots: dict[str, str | None] = {}
    features: dict[str, str | None] = {}
    removed: dict[str, int] = {}
    versions: tuple[TrainedVersion, ...] = ()


def decode_request(data: bytes) -> RedactionRequest:
    """Read and check a request; raises ContractError that names the field."""
    request = _decode(data, RedactionRequest, "redaction request")
    check_request(request)
    return request


def decode_record(data: bytes) -> RedactionRecord:
    """Read and check a record; raises ContractError that names the field."""
    record = _decode(data, RedactionRecord, "redaction record")
    check_record(record)
    return record


def decode_hindrance(data: bytes) -> Hindrance:
    """Read and check what keeps a redaction from its end; raises ContractError."""
    hindrance = _decode(data, Hindrance, "redaction hindrance")
    check_hindrance(hindrance)
    return hindrance


def encode(file: RedactionRequest | RedactionRecord | Hindrance) -> bytes:
    """A file's bytes, for people to read as well; raises ContractError for what breaks a rule."""
    if isinstance(file, RedactionRequest):
        check_request(file)
    elif isinstance(file, Hindrance):
        check_hindrance(file)
    else:
        check_record(file)
    return msgspec.json.format(msgspec.json.encode(file), indent=2) + b"\n"


def check_request(request: RedactionRequest) -> None:
    """Raise ContractError unless a request can be honoured as it stands."""
    check_id(request.id)
    check_time(request.requested_at, "requested_at")
    check_time(request.due_at, "due_at")
    _check_texts({"reason": request.reason, "shop": request.shop})
    if not request.shop:
        raise ContractError("shop", "the shop whose customer or whole it is", request.shop)
    _check_each(request.subjects, "subjects", PSEUDONYM, MAX_SUBJECTS, "a pseudonym (26 of A-Z2-7)")
    numbers = request.order_numbers
    _check_each(numbers, "order_numbers", ORDER_NUMBER, MAX_ORDER_NUMBERS, "1 to 20 digits")
    if request.kind is RedactionKind.CUSTOMER and not (request.subjects or numbers):
        hint = "a request for everything is of kind shop"
        raise ContractError("subjects", "at least one subject or order number", [], hint)


def check_record(record: RedactionRecord) -> None:
    """Raise ContractError unless a record says what it must, and in its form."""
    check_id(record.id)
    check_time(record.at, "at")
    if record.until:
        check_time(record.until, "until")
    _check_texts({"reason": record.reason, "shop": record.shop})
    for name in ("subjects_sha256", "orders_sha256", "orders_keyed"):
        for index, digest in enumerate(getattr(record, name)):
            _check_digest(digest, f"{name}[{index}]")
    for name, digests in (("snapshots", record.snapshots), ("features", record.features)):
        for before, after in digests.items():
            _check_digest(before, f"{name}.{before}")
            if after is not None:
                _check_digest(after, f"{name}.{before}")


def check_hindrance(hindrance: Hindrance) -> None:
    """Raise ContractError unless it can be shown as it stands."""
    check_id(hindrance.id)
    check_time(hindrance.at, "at")
    _check_texts({"why": hindrance.why})


def check_id(value: str) -> None:
    """Raise ContractError unless an id can be a file's name."""
    if not ID.match(value):
        raise ContractError("id", "1 to 100 of A-Z a-z 0-9 . _ -, a letter or digit first", value)


def check_time(value: str, field: str) -> None:
    """Raise ContractError unless a time is RFC 3339 with a zone."""
    try:
        at = datetime.fromisoformat(value)
    except ValueError as error:
        raise ContractError(field, "a time of RFC 3339", value) from error
    if at.tzinfo is None:
        raise ContractError(field, "a time with its zone", value, "write Z for UTC")


def subject_digest(name: str) -> str:
    """How a record tells whom it was about: SHA-256 of a pseudonym, in hex."""
    return hashlib.sha256(name.encode()).hexdigest()


def order_secret(pseudonyms: Pseudonymizer, shop: str) -> str:
    """What orders of a shop are digested with; as good as the key it is made of."""
    return pseudonyms.pseudonym(shop, ERASED_ORDER, "")


def order_digest(secret: str, number: str) -> str:
    """How a record tells an order: SHA-256 of ``order_secret`` and its number, in hex. Without
    the secret no guessed number can be tried, and orders can be counted through."""
    return hashlib.sha256(f"{secret}{number}".encode()).hexdigest()


def until_us(record: RedactionRecord) -> int:
    """µs since 1970 until which what the person ordered stays out."""
    return moment_us(record.until or record.at)


def moment_us(time: str) -> int:
    """µs since 1970 of a time of RFC 3339."""
    return (datetime.fromisoformat(time) - EPOCH) // timedelta(microseconds=1)


def segment_entity(gateway: str, boot: str, first_seq: int) -> str:
    """How the register names a segment, in its registration and in redactions."""
    return f"segment:{gateway}/{boot}/{first_seq}"


def redaction_details(decision_ids: Sequence[str]) -> dict[str, Any]:
    """The ``diff`` of a redaction; raises ContractError for none, too many or one twice."""
    if not 1 <= len(decision_ids) <= MAX_DECISIONS:
        raise ContractError(MEMBER, f"1 to {MAX_DECISIONS} decision ids", len(decision_ids))
    if len(set(decision_ids)) != len(decision_ids):
        raise ContractError(MEMBER, "each decision id once", "one of them twice")
    return {MEMBER: sorted(decision_ids)}


def redacted_ids(events: Iterable[RegisterEvent]) -> frozenset[str]:
    """Ids of all decisions whose personal part may be missing, by these events."""
    return frozenset(
        decision_id
        for event in events
        if event.action is Action.DECISION_REDACT and event.outcome is Outcome.ALLOWED
        for decision_id in event.diff[MEMBER]
    )


def _decode(data: bytes, form: type[File], what: str) -> File:
    if len(data) > MAX_BYTES:
        raise ContractError(what, f"at most {MAX_BYTES} bytes", len(data))
    try:
        return msgspec.json.decode(data, type=form)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise from_decoding(error, what, "a JSON object") from error


def _check_texts(texts: dict[str, str]) -> None:
    for field, text in texts.items():
        if len(text) > MAX_TEXT:
            raise ContractError(field, f"at most {MAX_TEXT} characters", len(text))


def _check_each(
    values: Sequence[str], field: str, form: re.Pattern[str], most: int, expected: str
) -> None:
    if len(values) > most:
        raise ContractError(field, f"at most {most}", len(values))
    for index, value in enumerate(values):
        if not form.match(value):
            raise ContractError(f"{field}[{index}]", expected, value)


def _check_digest(value: str, field: str) -> None:
    if not SHA256_HEX.match(value):
        raise ContractError(field, "a SHA-256, 64 hex digits", value)
