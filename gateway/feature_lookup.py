"""Online features of a request: entity ids → pseudonyms → records of the store → fields and ages.

Fail-open: an unknown entity, an expired record, a store that does not answer and values of
another definition than the schema's all mean the schema's default, and are counted apart. Raw
ids go no further than this file.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from bentos.contract import online_store as stored
from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView
from bentos.contract.identity import NAMED, Pseudonymizer, named
from bentos.contract.rows import Row, attribute
from bentos.contract.signature import ModelSignature, entities_of
from gateway.histogram import Histogram
from gateway.online_store import REFRESH_S, OnlineStore, StoreUnavailable
from gateway.pinned_views import PinnedViews
from gateway.shared_values import SharedValues

Fields = Mapping[str, Any]
Entities = Mapping[str, Sequence[str | None]]
"""Entity kind → one pseudonym per row, None where the row names none."""

PREFIX = "signalbox_gateway_feature"
MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86_400.0
AGES_S = (MINUTE_S, 10 * MINUTE_S, HOUR_S, 6 * HOUR_S, 12 * HOUR_S, DAY_S, 1.5 * DAY_S, 2 * DAY_S,
          7 * DAY_S, 30 * DAY_S)  # fmt: skip
NOTHING: Fields = {}
REMEMBERED_IDS = 16_384
OUTCOMES = ("hit", "missing", "expired", "refused", "error")


@dataclass(frozen=True, slots=True)
class Found:
    """``rows``: per row, per view of the schema, the fields known. ``age_s``: of the oldest
    record among them, None where nothing was found."""

    rows: Sequence[Sequence[Fields]]
    age_s: float | None


@dataclass(slots=True)
class ViewTally:
    """Lookups of one view by outcome, and the ages of hits."""

    ages: Histogram
    hit: int = 0
    missing: int = 0
    expired: int = 0
    refused: int = 0
    error: int = 0


class EntityReader:
    """Which attribute of a model's rows carries the id of which kind of entity."""

    def __init__(self, signature: ModelSignature) -> None:
        self.inputs = tuple((e.kind, attribute(e.input)) for e in entities_of(signature))

    def ids(self, rows: Sequence[Row]) -> Iterable[tuple[str, list[str | None]]]:
        """Per kind, the id of each row as text; an empty one counts as none."""
        for kind, name in self.inputs:
            values = [getattr(row, name) for row in rows]
            yield kind, [None if value in (None, "") else str(value) for value in values]


class FeatureLookup:
    """Looks up what schemas read from views; one per gateway process."""

    def __init__(
        self,
        store: OnlineStore,
        pseudonymizer: Pseudonymizer,
        shared: SharedValues,
        *,
        shop: str,
        timeout_s: float,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.store = store
        self.tallies: dict[str, ViewTally] = {}
        self._pseudonym = lru_cache(REMEMBERED_IDS)(
            lambda kind, raw: named(raw) or pseudonymizer.pseudonym(shop, kind, raw)
        )
        self._shared = shared
        self._timeout_s = timeout_s
        self._now = now
        self._prefixes: dict[FeatureView, bytes] = {}
        self._pinned = PinnedViews()

    async def run(self) -> None:
        """Keep the store's generation fresh until cancelled."""
        while True:
            await self.store.refresh()
            await asyncio.sleep(REFRESH_S)

    def name_entities(
        self, reader: EntityReader, rows: Sequence[Row], *, storefront: bool = False
    ) -> Entities:
        """The pseudonyms of the entities a request's rows are about. A ``storefront`` knows no
        pseudonyms: what looks like one there names nobody.

        Raises ContractError for an id that is no Unicode.
        """
        found: dict[str, list[str | None]] = {}
        for kind, ids in reader.ids(rows):
            found[kind] = [
                None
                if raw is None or (storefront and raw.startswith(NAMED))
                else self._pseudonym(kind, raw)
                for raw in ids
            ]
        return found

    async def find(
        self, views: Sequence[FeatureView], entities: Entities | None, rows: int, until: float
    ) -> Found:
        """What the store knows for each row and view; ``until`` is time.monotonic. Never raises."""
        # A schema's views are about entities of the signature, so there are names.
        assert entities is not None
        wanted: list[bytes] = []
        for view in views:
            prefix = self._prefix(view)
            wanted += [prefix + name.encode() for name in entities[view.entity] if name]
        before = self.store.generation
        try:
            left = until - time.monotonic()
            values = iter(await self.store.get_many(wanted, min(self._timeout_s, left)))
        except StoreUnavailable:
            for view in views:
                self._tally(view).error += rows
            return Found([[NOTHING] * len(views)] * rows, None)
        now_us = int(self._now() * 1e6)
        oldest: float | None = None
        columns = []
        for view in views:
            refused = self._refuses(view, before)
            column, age_s = self._column(view, entities[view.entity], values, now_us, refused)
            columns.append(column)
            if age_s is not None and (oldest is None or age_s > oldest):
                oldest = age_s
        return Found(list(zip(*columns, strict=True)), oldest)

    def metrics(self) -> Iterable[tuple[str, str, dict[str, str], float]]:
        """Counts per view and outcome, and the age of the generation; ages of hits are a
        histogram in the shared values."""
        for view, tally in self.tallies.items():
            for outcome in OUTCOMES:
                labels = {"view": view, "outcome": outcome}
                count = getattr(tally, outcome)
                yield f"{PREFIX}_lookups_total", "Lookups in the online store.", labels, count
        generation = self.store.generation
        if generation is not None:
            age = self._now() - stored.generation_moment(generation)
            yield f"{PREFIX}_generation_age_seconds", "Age of the store's values.", {}, age

    def status(self) -> dict[str, Any]:
        """What /status shows: the generation this worker reads."""
        generation = self.store.generation
        return {
            "generation": None if generation is None else generation.name,
            "as_of": None if generation is None else generation.as_of,
            "refused": self._pinned.problems(),
        }

    def _column(
        self,
        view: FeatureView,
        names: Sequence[str | None],
        values: Iterable[bytes | None],
        now_us: int,
        refused: bool,
    ) -> tuple[list[Fields], float | None]:
        """One view's fields per row, and the age of its oldest record. Values of another
        definition are read past, as if there were none."""
        tally = self._tally(view)
        column, oldest = [], None
        data = iter(values)
        for name in names:
            value = next(data) if name else None
            if refused:
                tally.refused += 1
                column.append(NOTHING)
                continue
            fields, age_s = self._read(view, tally, value, now_us)
            column.append(fields)
            if age_s is not None and (oldest is None or age_s > oldest):
                oldest = age_s
        return column, oldest

    def _read(
        self, view: FeatureView, tally: ViewTally, data: bytes | None, now_us: int
    ) -> tuple[Fields, float | None]:
        """One record's fields and age, or nothing, counted under the reason."""
        if data is None:
            tally.missing += 1
            return NOTHING, None
        try:
            record = stored.decode_record(data, view.tag)
        except ContractError:
            tally.error += 1
            return NOTHING, None
        # A writer's clock may run ahead of ours; nothing is younger than now.
        age_s = max(0, now_us - record.at_us) / 1e6
        if view.ttl_s is not None and age_s > view.ttl_s:
            tally.expired += 1
            return NOTHING, None
        tally.hit += 1
        tally.ages.observe(age_s)
        return record.fields, age_s

    def _refuses(self, view: FeatureView, before: stored.Generation | None) -> bool:
        """Whether the values come from another definition. If the generation was swapped while
        Redis was asked, either of the two may have answered: both must be right."""
        now = self.store.generation
        refused = now is not None and self._pinned.refuses(view, now)
        if before is now or before is None:
            return refused
        return refused or self._pinned.refuses(view, before)

    def _tally(self, view: FeatureView) -> ViewTally:
        tally = self.tallies.get(view.tag)
        if tally is None:
            text = "Age of the online features that were packed."
            name, labels = f"{PREFIX}_age_seconds", {"view": view.tag}
            ages = Histogram(self._shared, name, text, labels, AGES_S)
            tally = self.tallies[view.tag] = ViewTally(ages)
        return tally

    def _prefix(self, view: FeatureView) -> bytes:
        prefix = self._prefixes.get(view)
        if prefix is None:
            prefix = self._prefixes[view] = stored.key_prefix(view)
        return prefix


def recorded(entities: Entities) -> dict[str, str]:
    """Entities as a decision keeps them (``PersonalPart.entities``)."""
    kept = {}
    for kind, names in entities.items():
        if any(names):
            same = len(set(names)) == 1
            kept[kind] = str(names[0]) if same else " ".join(name or "-" for name in names)
    return kept
