"""Orders → feature views → the online store gateways read: the last step of a night's run."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView
from bentos.contract.identity import Pseudonymizer
from bentos.contract.online_store import Generation, redis_address
from training import online_store, progress, redis_store
from training.features import nights, offline
from training.features.registry import VIEWS
from training.features.view import FeatureView as View
from training.lines import Lines
from training.online_store import Entries, Origin
from training.pseudonyms import KIND
from training.settings import Settings


class MaterializeReport(msgspec.Struct, frozen=True, kw_only=True):
    """What ``materialize --json`` prints. ``place``: the folder, or "redis"."""

    place: str
    generation: Generation
    seconds: dict[str, float]


def materialize(
    settings: Settings,
    lines: Lines,
    key: Pseudonymizer,
    *,
    as_of: datetime | None = None,
    at: datetime | None = None,
) -> MaterializeReport:
    """Fill every view from orders before ``as_of`` (naive UTC; None: all of them) and swap.

    Records carry ``at``, by default the moment of ``as_of``, or of the last order's day's end
    but no later than now: that is what a gateway measures their age from.
    """
    until = as_of or end_of_orders(lines, datetime.now(UTC))
    moment = until.replace(tzinfo=UTC)
    origin = Origin(shop=settings.shop, pseudonym_key=key.fingerprint, moment=at or moment)
    _address(settings)  # what cannot be filled is said before anything is computed
    nights.compute(settings, lines, [until])
    views = ((view.declared, _entries(settings, key, view, until)) for view in VIEWS)
    place, generation = _fill(settings, origin, views)
    return MaterializeReport(place=place, generation=generation, seconds=progress.seconds())


def moment_of(text: str | None) -> datetime | None:
    """``now`` or RFC 3339 with an offset; raises ContractError for anything else."""
    if text is None:
        return None
    if text == "now":
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = datetime.min  # noqa: DTZ901 - has no zone, so it is refused below
    if moment.tzinfo is None:
        raise ContractError("--at", "now, or RFC 3339 with an offset", text)
    return moment


def _fill(
    settings: Settings, origin: Origin, views: Iterator[tuple[FeatureView, Entries]]
) -> tuple[str, Generation]:
    address = _address(settings)
    if address is None:
        return settings.features.as_posix(), online_store.fill(settings.features, origin, views)
    return "redis", redis_store.fill(*address, origin, views)


def _address(settings: Settings) -> tuple[str, str | None] | None:
    """Where Redis is, and its password; None for the embedded store. Raises ContractError."""
    if not settings.online_store_url:
        return None
    return redis_address(settings.online_store_url, settings.online_store_password_file)


def _entries(
    settings: Settings, key: Pseudonymizer, view: View, as_of: datetime
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Pseudonyms and fields, with a step on the screen while they pass."""
    path = offline.read(settings.offline_features, view, as_of)
    with progress.step(f"materialize {view.tag}"):
        for entity, values in offline.entries(path):
            # Lines hold customers as pseudonyms already.
            name = (
                entity if view.entity == KIND else key.pseudonym(settings.shop, view.entity, entity)
            )
            yield name, values


def end_of_orders(lines: Lines, now: datetime) -> datetime:
    """The end of the last order's day (naive UTC), but no later than ``now`` (aware)."""
    last = datetime.fromisoformat(str(lines.report["last"]))
    day_after = datetime(last.year, last.month, last.day) + timedelta(days=1)  # noqa: DTZ001 - UTC
    return max(min(day_after, now.astimezone(UTC).replace(tzinfo=None)), last + _TICK)


_TICK = timedelta(microseconds=1)
