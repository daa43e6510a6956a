"""What a gateway packs is what training reads: every entity, every field, to the last bit.

Real orders through sync, pseudonyms and every view into the lake and both stores, then asked as
a request is: raw ids, the gateway's lookup, the packer of a schema that pins the views.
"""

import struct
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import pytest

from bentos.contract.datatype import Datatype
from bentos.contract.features import Feature, FeatureSchema
from bentos.contract.packing import Packer
from bentos.contract.rows import row_type
from bentos.contract.signature import (
    EntitySpec,
    InputSpec,
    ModelSignature,
    OutputSpec,
    Redaction,
)
from gateway.feature_lookup import EntityReader, FeatureLookup
from gateway.lmdb_store import LmdbStore
from gateway.redis_store import RedisStore
from gateway.shared_values import SharedValues
from gateway.worker_slot import WorkerSlot
from tests.gateway.redis_process import RedisProcess
from tests.training.consents import give_consents
from tests.training.made_up_shop import made_up_orders, shared, write_orders_export
from training.features import offline
from training.features.product_views import NEIGHBOURS
from training.features.registry import VIEWS
from training.lines import OrderSource, prepare_lines
from training.materialize import materialize
from training.pseudonyms import KEY_FILE, load_key
from training.settings import Settings

SHOP = "demo-shop"
IDS = {"customer": Datatype.BYTES, "product": Datatype.INT64}
SIGNATURE = ModelSignature(
    model="all_views",
    inputs=tuple(
        InputSpec(
            name=kind,
            datatype=datatype,
            required=False,
            redaction=Redaction.DROP if datatype is Datatype.BYTES else Redaction.PUBLIC,
        )
        for kind, datatype in IDS.items()
    ),
    outputs=(OutputSpec(name="x", datatype=Datatype.FP32),),
    entities=tuple(EntitySpec(kind=kind, input=kind) for kind in IDS),
)
FIELDS = [(view, field) for view in VIEWS for field in view.fields]
SCHEMA = FeatureSchema(
    model="all_views",
    features=tuple(
        Feature(
            name=f"{view.name}_{field}",
            source=f"view:{view.tag}:{field}",
            width=NEIGHBOURS if view.columns[field].startswith("array") else 1,
        )
        for view, field in FIELDS
    ),
    views=tuple(view.declared for view in VIEWS),
)
PACKER = Packer(SCHEMA, SIGNATURE)
ROW = row_type(SIGNATURE)


class Materialized:
    """A home whose lake and store hold every view of an order set."""

    def __init__(self, home: Path, orders: Path, **variables) -> None:
        basis = None if orders.suffix == ".parquet" else "contract: test"
        self.settings = Settings(home=home, shop=SHOP, **variables)
        if basis is not None:
            give_consents(home, shop=SHOP)
        source = OrderSource(orders=orders, consent_basis=basis)
        self.lines = prepare_lines(self.settings, source)
        self.key = load_key(self.settings.keys / KEY_FILE)
        report = materialize(self.settings, self.lines, self.key, at=datetime.now(UTC))
        self.generation = report.generation
        [self.moment] = offline.moments(self.settings.offline_features, VIEWS[0])

    def offline(self, view) -> dict[str, dict]:
        return dict(
            offline.entries(offline.read(self.settings.offline_features, view, self.moment))
        )


def expected_bits(known: list[dict]) -> bytes:
    """Offline values as float32, the way training reads them."""
    columns: list[float] = []
    for (view, field), feature in zip(FIELDS, SCHEMA.features, strict=True):
        value = known[VIEWS.index(view)].get(field)
        listed = value if isinstance(value, list) else [value]
        listed = [float("nan") if item is None else item for item in listed]
        columns += listed + [float("nan")] * (feature.width - len(listed))
    return np.asarray(columns, dtype=np.float64).astype(np.float32).tobytes()


async def assert_online_as_offline(made: Materialized, store, raw_customers, tmp_path) -> int:
    """Ask for every customer beside some product; returns how many values were compared."""
    slot = WorkerSlot.take(tmp_path / "slots", 8)
    lookup = FeatureLookup(store, made.key, SharedValues(slot), shop=SHOP, timeout_s=5.0)
    tables = {view: made.offline(view) for view in VIEWS}
    products = sorted(
        {name for v, table in tables.items() if v.entity == "product" for name in table}
    )
    customers = [*raw_customers, "nobody"]
    asked = [
        (customers[n % len(customers)], int(products[n % len(products)]))
        for n in range(max(len(customers), len(products)))
    ]
    seen, compared = set(), 0
    for start in range(0, len(asked), 500):
        part = asked[start : start + 500]
        rows = [msgspec.convert({"customer": who, "product": what}, ROW) for who, what in part]
        named = lookup.name_entities(EntityReader(SIGNATURE), rows)
        found = await lookup.find(PACKER.views, named, len(rows), time.monotonic() + 30)
        [packed] = PACKER.pack_known(rows, found.rows)
        width = PACKER.blocks[0].width * struct.calcsize("f")
        for number, (who, what) in enumerate(part):
            # The lake names customers by pseudonym, products by number.
            names = {"customer": made.key.pseudonym(SHOP, "customer", who), "product": str(what)}
            known = [tables[view].get(names[view.entity], {}) for view in VIEWS]
            assert list(found.rows[number]) == known
            assert packed[number * width : (number + 1) * width] == expected_bits(known)
            seen.update((view.tag, names[view.entity]) for view in VIEWS)
            compared += sum(map(len, known))
    # Nothing of the lake was left unasked.
    assert {(view.tag, name) for view, table in tables.items() for name in table} <= seen
    for view in VIEWS:
        tally = lookup.tallies[view.tag]
        assert tally.hit > 0
        assert tally.refused == tally.error == tally.expired == 0
    slot.release()
    return compared


async def both_stores(tmp_path, orders, raw_customers) -> tuple[int, int]:
    """How many values were compared, by LMDB and by Redis."""
    embedded = Materialized(tmp_path / "lmdb", orders)
    fingerprint = embedded.key.fingerprint
    store = LmdbStore(embedded.settings.features, shop=SHOP, pseudonym_key=fingerprint)
    first = await assert_online_as_offline(embedded, store, raw_customers, tmp_path / "1")
    await store.close()
    server = RedisProcess(tmp_path)
    try:
        made = Materialized(tmp_path / "redis", orders, online_store_url=server.url)
        remote = RedisStore(
            server.url, None, timeout_s=5.0, shop=SHOP, pseudonym_key=made.key.fingerprint
        )
        await remote.refresh()
        second = await assert_online_as_offline(made, remote, raw_customers, tmp_path / "2")
        await remote.close()
    finally:
        server.kill()
    return first, second


async def test_a_small_shop_from_both_stores(tmp_path):
    orders = write_orders_export(tmp_path / "orders.csv", made_up_orders(weeks=20))
    customers = [f"shopper{number}@example.com" for number in range(90)]
    first, second = await both_stores(tmp_path, orders, customers)
    assert first == second > 2000


@pytest.mark.slow
async def test_online_retail_from_both_stores(tmp_path):
    orders = shared("online_retail.parquet")
    found = duckdb.execute(
        f"SELECT DISTINCT CAST(CAST(CustomerID AS BIGINT) AS VARCHAR) FROM '{orders}' "
        "WHERE CustomerID IS NOT NULL ORDER BY 1"
    ).fetchall()
    first, second = await both_stores(tmp_path, orders, [row[0] for row in found])
    assert first == second > 100_000


@pytest.mark.slow
def test_online_retail_means_what_the_plain_sql_of_the_first_version_meant(tmp_path):
    made = Materialized(tmp_path, shared("online_retail.parquet"))
    day = 86_400_000_000.0
    moment = round(made.moment.replace(tzinfo=UTC).timestamp() * 1e6)
    rows = duckdb.execute(f"""
        SELECT customer_id, count(DISTINCT order_id), CAST(sum(unit_price * quantity) AS DOUBLE),
            CAST(sum(unit_price * quantity) AS DOUBLE) / count(DISTINCT order_id),
            ({moment} - max(epoch_us(ordered_at))) / {day},
            ({moment} - min(epoch_us(ordered_at))) / {day}
        FROM '{made.lines.path}'
        WHERE NOT is_return AND customer_id IS NOT NULL AND epoch_us(ordered_at) < {moment}
        GROUP BY 1""").fetchall()
    held = made.offline(VIEWS[0])
    assert len(rows) == len(held) > 4000
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        name: tuple(fields.values()) for name, fields in held.items()
    }
    rows = duckdb.execute(f"""
        SELECT CAST(product_id AS VARCHAR), count(DISTINCT order_id),
            CAST(sum(quantity) AS DOUBLE), count(DISTINCT customer_id),
            CAST(sum(unit_price * quantity) AS DOUBLE) / sum(quantity)
        FROM '{made.lines.path}'
        WHERE NOT is_return AND quantity > 0 AND epoch_us(ordered_at) < {moment}
            AND epoch_us(ordered_at) >= {moment} - 28 * {day}
        GROUP BY 1""").fetchall()
    [sales] = [view for view in VIEWS if view.tag == "product_sales@1"]
    held = made.offline(sales)
    assert len(rows) == len(held) > 2000
    assert {row[0]: tuple(row[1:]) for row in rows} == {
        name: tuple(fields.values()) for name, fields in held.items()
    }
