"""Fills the shared online store: a new generation's keys in Redis, then one SET of the pointer."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView
from bentos.contract.online_store import (
    CURRENT_FILE,
    Generation,
    ViewContents,
    decode_generation,
    encode_generation,
    encode_record,
    key_prefix,
    redis_prefix,
)
from training.errors import StoreError
from training.online_store import Entries, Origin, describe, new_name

if TYPE_CHECKING:
    from redis import Redis

KEYS_A_CALL = 1000
TIMEOUT_S = 30.0


def fill(
    url: str, password: str | None, origin: Origin, views: Iterable[tuple[FeatureView, Entries]]
) -> Generation:
    """Load a generation and point at it; the one before stays, older ones go.

    Raises StoreError if Redis fails on the way: the pointer is as it was then, and the next
    run removes what was loaded.
    """
    with opened(url, password) as client:
        return _fill(client, origin, views)


@contextmanager
def opened(url: str, password: str | None) -> Iterator["Redis"]:
    """A connection to the store; raises StoreError for whatever Redis refuses meanwhile."""
    try:
        from redis import Redis  # noqa: PLC0415 - an extra of its own
        from redis.exceptions import RedisError  # noqa: PLC0415
    except ImportError as error:
        raise ContractError(
            "SIGNALBOX_ONLINE_STORE_URL",
            "the package redis to be installed",
            "none",
            "Install signalbox[redis].",
        ) from error
    client = Redis.from_url(url, password=password, socket_timeout=TIMEOUT_S, protocol=2)
    try:
        yield client
    except RedisError as error:
        raise StoreError(f"online store in Redis: {error}") from error
    finally:
        client.close()


def _fill(
    client: "Redis", origin: Origin, views: Iterable[tuple[FeatureView, Entries]]
) -> Generation:
    prefix = redis_prefix(origin.shop)
    pointer = f"{prefix}{CURRENT_FILE}"
    name = new_name(datetime.now(UTC))
    contents = {
        view.tag: _load_view(client, f"{prefix}{name}:".encode(), view, entries, origin.moment_us)
        for view, entries in views
    }
    generation = describe(origin, name, contents)
    before = client.get(pointer)
    client.set(pointer, encode_generation(generation))
    keep = {name}
    if isinstance(before, bytes):
        keep.add(decode_generation(before, "online store pointer in Redis").name)
    _prune(client, prefix, keep)
    return generation


def _load_view(
    client: "Redis", prefix: bytes, view: FeatureView, entries: Entries, moment_us: int
) -> ViewContents:
    start = prefix + key_prefix(view)
    count, names = 0, set[str]()
    waiting: dict[bytes, bytes] = {}
    for pseudonym, values in entries:
        waiting[start + pseudonym.encode("ascii")] = encode_record(moment_us, values)
        names.update(values)
        count += 1
        if len(waiting) == KEYS_A_CALL:
            client.mset(waiting)
            waiting = {}
    if waiting:
        client.mset(waiting)
    return ViewContents(
        entity=view.entity, fields=tuple(sorted(names)), records=count, digest=view.digest
    )


def _prune(client: "Redis", prefix: str, keep: set[str]) -> None:
    """Remove older generations, and what a run that failed left."""
    kept = (f"{prefix}{CURRENT_FILE}".encode(), *(f"{prefix}{name}:".encode() for name in keep))
    for keys in _in_calls(client.scan_iter(match=f"{literal(prefix)}*", count=KEYS_A_CALL)):
        if stale := [key for key in keys if not key.startswith(kept)]:
            client.unlink(*stale)


def _in_calls(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    call: list[bytes] = []
    for key in keys:
        call.append(key)
        if len(call) == KEYS_A_CALL:
            yield call
            call = []
    if call:
        yield call


def literal(text: str) -> str:
    """A glob that matches this text alone."""
    return "".join(f"\\{char}" if char in "*?[]\\^" else char for char in text)
