"""The end of the drill: whoever was spared goes with their whole shop, and everybody beside them.

They are planted once more into what the first erasure threw away, so that each place holds each
of them. All other shoppers of the shop are looked for by the pseudonyms its tables have for them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from bentos.shopify_admin.connection import ConnectionStore
from load_tests.shop.drill_site import DrillSite
from load_tests.shop.planting import plant_again
from load_tests.shop.subjects import Subject
from tests.planted_data import Finding, PlantedData

TABLE = Path("lake") / "shop" / "customers"


@dataclass(frozen=True)
class Crowd:
    """All shoppers of a shop, planted or not."""

    search: PlantedData

    @classmethod
    def of(cls, home: Path) -> "Crowd":
        """As the synced tables name them."""
        files = (home / TABLE / "*.parquet").as_posix()
        query = f"SELECT DISTINCT customer_id FROM read_parquet('{files}')"  # noqa: S608
        return cls(PlantedData(str(row[0]) for row in duckdb.execute(query).fetchall()))

    def __len__(self) -> int:
        """How many they are."""
        return len(self.search.texts)

    def lacking(self, home: Path) -> int:
        """How many the reader does not find in the shop's tables: before, it must find all."""
        return len(self) - len(self.search.texts_below(home / TABLE))

    def below(self, folder: Path) -> list[Finding]:
        """What all files below a folder hold of any of them."""
        return self.search.found_below(folder)


def planted_again(site: DrillSite, spared: Sequence[Subject]) -> Crowd:
    """Everybody who is to go now, where they are to be found before."""
    plant_again(site, spared)
    return Crowd.of(site.home)


def kept_of_shop(site: DrillSite) -> list[str]:
    """What is left of the shop itself: its app, its sealed token, consents in force."""
    apps = site.call("GET", "/api/v1/shopify-apps")
    consents = site.call("GET", "/api/v1/consents")
    left = [f"app {each['client_id']}" for each in apps]
    left += [f"consent {each['id']}" for each in consents if each["ended_at"] is None]
    return left + [f"token of {each}" for each in ConnectionStore(site.home / "keys").shops()]
