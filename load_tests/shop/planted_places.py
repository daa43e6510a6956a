"""The places where the system keeps something of a shopper, and what is found in each of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import redis

from load_tests.shop.subjects import Subject
from tests.planted_data import Finding, PlantedData

CUSTOMER, ORDER = "customer", "order"


@dataclass(frozen=True)
class Place:
    """``files`` (of the home) hold, of every subject, at least one text of each of ``kinds``.

    ``lasts``: whoever is not erased is to be found there afterwards as well; what does not last
    is moved on (segments) or made anew (a staging file). ``model``: only where it is trained.
    """

    name: str
    files: tuple[str, ...]
    kinds: tuple[str, ...]
    lasts: bool = True
    model: str | None = None


PLACES = (
    Place(
        "shop tables",
        ("lake/shop/customers/*", "lake/shop/orders/*"),
        (CUSTOMER, ORDER),
    ),
    Place("shop lines and refunds", ("lake/shop/order_lines/*", "lake/shop/refunds/*"), (ORDER,)),
    Place("shop sales", ("lake/shop/sales/**/*",), (CUSTOMER, ORDER), lasts=False),
    Place("staging of a sync", ("lake/shop/staging/**/*",), (CUSTOMER, ORDER), lasts=False),
    Place("order lines", ("lake/orders/**/*",), (CUSTOMER, ORDER)),
    Place("snapshots", ("lake/snapshots/**/*",), (ORDER,)),
    Place(
        "snapshots without names",
        ("lake/snapshots/*/purchases.parquet",),
        ("moment",),
        model="recommendations",
    ),
    Place("offline features", ("lake/features/customer_*/**/*",), (CUSTOMER,)),
    Place("online features, LMDB", ("features/generations/**/*",), (CUSTOMER,)),
    Place(
        "decisions",
        ("lake/decisions/personal/**/*",),
        (CUSTOMER, "customer as key", "browser as key"),
    ),
    Place("closed segments", ("gateway/segments/*.segment",), (CUSTOMER,), lasts=False),
    Place("open segments", ("gateway/segments/*.open",), (CUSTOMER,), lasts=False),
    Place("ingress inbox", ("ingress/inbox.db*",), (CUSTOMER, ORDER)),
    Place("wishes for data", ("redactions/data_requests/*",), (CUSTOMER, ORDER, "mail", "phone")),
    Place("outcomes", ("lake/outcomes/*/*.parquet",), (ORDER,)),
    Place("copy of the consents", ("consents/*",), (CUSTOMER,), lasts=False),
)
REDIS = Place("online features, Redis", (), (CUSTOMER,))
SQLITE = Place("control plane, SQLite", ("control_plane/signalbox.db*",), (CUSTOMER,))
POSTGRESQL = Place("control plane, PostgreSQL", (), (CUSTOMER,))
BACKUPS = Place("backups", ("backups/*",), (CUSTOMER, ORDER), lasts=False)


def by_name(name: str) -> Place:
    """The place of this name."""
    every = (*PLACES, REDIS, SQLITE, POSTGRESQL, BACKUPS)
    return next(place for place in every if place.name == name)


class PlantedReader:
    """Looks for some subjects, in a place or in everything."""

    def __init__(self, people: Sequence[Subject]) -> None:
        self._people = people
        self._kinds = {text: kind for who in people for text, kind in who.texts().items()}
        binary = [each for who in people for each in who.binary()]
        self._search = PlantedData(self._kinds, binary)

    def lacking(self, place: Place, found: Iterable[Finding]) -> int:
        """How many (subject, kind) a place should hold and does not."""
        texts = {each.text for each in found}
        return sum(
            not any(text in texts for text, each in who.texts().items() if each == kind)
            for who in self._people
            for kind in place.kinds
        )

    def in_files(self, home: Path, place: Place) -> list[Finding]:
        """What the files of a place hold."""
        paths = {path for pattern in place.files for path in home.glob(pattern) if path.is_file()}
        name = Path.relative_to
        return [
            each
            for path in sorted(paths)
            for each in self._search.found_in_file(path, name(path, home).as_posix())
        ]

    def in_redis(self, url: str) -> list[Finding]:
        """What Redis holds, by its keys."""
        with redis.Redis.from_url(url) as client:
            found: list[Finding] = []
            for key in client.scan_iter(count=1000):
                dumped = client.dump(key) or b""
                found += self._search.found_in(bytes(key) + b"\n" + bytes(dumped), "redis")
        return found

    def below(self, folder: Path) -> list[Finding]:
        """What all files below a folder hold, and their names."""
        return self._search.found_below(folder)

    def raw(self, found: Iterable[Finding]) -> list[Finding]:
        """Of these, what stands there in clear: no place may hold it at any time."""
        return [each for each in found if self._kinds[each.text].startswith("raw ")]
