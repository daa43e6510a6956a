"""A person out of the datasets models were trained on, and out of what was made of these.

Datasets are named by their content, so one without the person is another: it gets its own digest,
the old one is removed, and the record says which became which. How a dataset tells whose a row
is, by its file:

    a customer or order column     by pseudonym and order
    fraud_orders.parquet           by order; injected fraud that stands on some customer's history
                                   goes with it, as nothing says on whose
    purchases.parquet              customers are dense numbers: by when and what was bought
    product_weeks.parquet          sums over a product's buyers, out of which nobody can be taken:
                                   the dataset goes whole

Where order lines could not be read and are gone since, nothing tells any more what the person
ordered: every dataset that names no customers goes whole, as it may hold them.

Fitted models between two steps of a night (pickles, graphs) go with their dataset. Versions stay:
their graphs hold sums and trees, no rows. Those that learned from the person are named.
"""
# ruff: noqa: S608 - paths are quoted by order_file.literal, names are ours

import shutil
import tempfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from training import allowed_columns
from training.fraud.features import ORDERS_FILE
from training.lake import store_snapshot
from training.order_file import literal
from training.pricing.features import WEEKS_FILE
from training.recommendations.features import PURCHASES_FILE
from training.redaction.rows import SUBJECT_COLUMNS, Rows
from training.redaction.scope import Scope
from training.redaction.work import Work

# So much of a dense customer's orders must be the person's; the rest may have been cancelled or
# changed since. Where only the day is known, another may have bought the very same: they go too.
ALIKE = 0.5
# Whether a row's customer had ordered before: in one column, or until last night and since then.
HISTORIES = (("customer_orders",), ("known_orders", "orders_last_day"))


class Datasets:
    """The snapshots of a lake. ``blind``: what tells whose the rows are is lost in part."""

    def __init__(self, lake: Path, rows: Rows, scope: Scope, *, blind: bool = False) -> None:
        self._lake, self._rows, self._scope = lake, rows, scope
        self._blind = blind
        self._ready = False

    def held(self, work: Work) -> dict[str, int]:
        """Digest → rows of the person, of each snapshot that has some. Those that cannot be read
        are noted in ``work``."""
        counted: dict[str, int] = {}
        for place in self._places():
            with work.going_through(place, self._lake.parent):
                rows = sum(self._count(path) for path in sorted(place.glob("*.parquet")))
                if rows:
                    counted[place.name] = rows
        return counted

    def erase(self, digest: str, work: Work) -> None:
        """Put what is left in its place; noted in ``work`` first, so that it can be gone on with.

        What was noted before is only removed.
        """
        place = self._lake / "snapshots" / digest
        if digest not in work.snapshots:
            with work.going_through(place, self._lake.parent):
                work.snapshots[digest] = self._left(place)

    def remove(self, digest: str) -> None:
        """The old files, and what was made of them between two steps."""
        place = self._lake / "snapshots" / digest
        if place.exists():
            shutil.rmtree(place)
        for made in self._made_of(digest):
            shutil.rmtree(made) if made.is_dir() else made.unlink()

    def _made_of(self, digest: str) -> list[Path]:
        found = [*(self._lake / "fits").glob(f"*-{digest[:16]}-*")]
        return [*found, *(self._lake / "exports").glob(f"*-{digest[:16]}-*")]

    def _places(self) -> list[Path]:
        return sorted(p for p in (self._lake / "snapshots").glob("[0-9a-f]*") if p.is_dir())

    def _left(self, place: Path) -> str | None:
        if (place / WEEKS_FILE).is_file() or any(map(self._is_untold, place.glob("*.parquet"))):
            return None
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".") as partial:
            filled = Path(partial) / "filled"
            filled.mkdir()
            kept = 0
            for path in sorted(place.iterdir()):
                test = self._test(path)
                self._rows.keep(path, test or "false", filled / path.name)
                kept += self._rows.total(filled / path.name)
            if not kept:
                return None
            allowed_columns.check_folder(filled)
            return store_snapshot(self._lake, filled, kept).digest

    def _is_untold(self, path: Path) -> bool:
        return self._blind and not {*SUBJECT_COLUMNS} & {*pq.read_schema(path).names}

    def _count(self, path: Path) -> int:
        if self._is_untold(path):
            return self._rows.total(path)
        test = self._test(path)
        found = self._rows.count(path, test)
        if path.name == ORDERS_FILE and not self._rows.count(path, self._rows.test(path)):
            # Injected rows alone show nobody.
            return 0
        return found

    def _test(self, path: Path) -> str | None:
        if path.name == PURCHASES_FILE:
            return self._of_purchases(path)
        if path.name == WEEKS_FILE:
            return self._of_weeks()
        test = self._rows.test(path)
        if path.name == ORDERS_FILE and test is not None:
            return " OR ".join([test, *_injected(pq.read_schema(path).names)])
        return test

    def _of_purchases(self, path: Path) -> str:
        """Dense customers whose orders are (mostly) the person's; named orders of guests."""
        self._prepare()
        source = f"read_parquet({literal(path.as_posix())})"
        self._rows.connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE known_orders AS
            SELECT order_number, any_value(customer) AS customer,
                bool_and(p.product IS NOT NULL) AS same
            FROM {source} s LEFT JOIN (SELECT DISTINCT moment, product FROM erased_purchases) p
                ON s.moment = p.moment AND s.product_id = p.product
            GROUP BY order_number""")
        self._rows.connection.execute(f"""
            CREATE OR REPLACE TEMP TABLE known_customers AS
            SELECT customer FROM known_orders WHERE customer >= 0 GROUP BY 1
            HAVING avg(CAST(same AS DOUBLE)) >= {ALIKE}""")
        return (
            "customer IN (SELECT customer FROM known_customers) OR (customer < 0 AND order_number "
            "IN (SELECT order_number FROM known_orders WHERE customer < 0 AND same))"
        )

    def _of_weeks(self) -> str:
        self._prepare()
        return (
            "units > 0 AND EXISTS (SELECT 1 FROM erased_purchases p WHERE p.product = product_id "
            "AND date_diff('day', begins, CAST(make_timestamp(p.moment) AS DATE)) BETWEEN 0 AND 6)"
        )

    def _prepare(self) -> None:
        if self._ready:
            return
        bought = self._scope.purchases
        named = pa.table(
            {"moment": [p.moment_us for p in bought], "product": [p.product for p in bought]},
            schema=pa.schema([("moment", pa.int64()), ("product", pa.int64())]),
        )
        self._rows.connection.register("named", named)
        self._rows.connection.execute(
            "CREATE OR REPLACE TEMP TABLE erased_purchases AS SELECT * FROM named"
        )
        self._rows.connection.unregister("named")
        self._ready = True


def _injected(columns: list[str]) -> list[str]:
    """Tests for injected rows that stand on some customer's history, by the columns there are."""
    return [
        f"(order_id LIKE 'injected-%' AND coalesce({name}, 0) > 0)"
        for names in HISTORIES
        if set(names) <= set(columns)
        for name in names
    ]
