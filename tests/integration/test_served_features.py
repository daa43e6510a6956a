"""The shipped fraud model: trained on nights of the lake, served from the store those nights fill.

A real version of a made-up shop: its graph, its schema, the view as training joins it and as the
gateway looks it up, and the decision that says the same again.
"""

import time
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pytest

from bentos.contract.brief_decision import columns
from bentos.contract.packing import Packer
from bentos.contract.rows import row_type, to_rows
from bentos.decision_lake.sayable import sayable
from bentos.fraud.schema import FEATURE_NAMES, LOOKED_UP, SCHEMA, SIGNATURE
from bentos.onnx_model import OnnxModel
from control_plane.decisions.looked_up import known_of
from gateway.feature_lookup import EntityReader, FeatureLookup
from gateway.kept_inputs import KeptInputs
from gateway.lmdb_store import LmdbStore
from gateway.shared_values import SharedValues
from gateway.worker_slot import WorkerSlot
from tests.training.consents import give_consents
from tests.training.fraud.honest_orders import nothing_injected
from tests.training.made_up_shop import made_up_orders, write_orders_export
from training import run as runs
from training import sales_arrays
from training.fraud import features, told_orders
from training.lines import OrderSource, prepare_lines
from training.materialize import materialize
from training.pseudonyms import KEY_FILE, load_key
from training.recipes import Request
from training.settings import Settings

pytestmark = pytest.mark.slow

SHOP = "demo-shop"
WIDTH = len(LOOKED_UP)


class ServedShop:
    """A home with orders, their pseudonyms and a store that is filled night by night."""

    def __init__(self, home):
        orders = write_orders_export(home / "orders.csv", made_up_orders())
        self.settings = Settings(home=home, shop=SHOP)
        give_consents(home, shop=SHOP)
        source = OrderSource(orders=orders, consent_basis="contract: test")
        self.lines = prepare_lines(self.settings, source, ("fraud",))
        self.key = load_key(self.settings.keys / KEY_FILE)
        self.slot = WorkerSlot.take(home / "slots", 8)
        fingerprint = self.key.fingerprint
        self.store = LmdbStore(self.settings.features, shop=SHOP, pseudonym_key=fingerprint)
        self.lookup = FeatureLookup(
            self.store, self.key, SharedValues(self.slot), shop=SHOP, timeout_s=5.0
        )

    async def run_night(self, night) -> None:
        """As the nightly run does last; believed from now on."""
        materialize(self.settings, self.lines, self.key, as_of=night, at=datetime.now(UTC))
        await self.store.refresh()

    async def served(self, rows):
        """What the store says of each row's customer."""
        named = self.lookup.name_entities(EntityReader(SIGNATURE), rows)
        until = time.monotonic() + 30
        return (await self.lookup.find(SCHEMA.views, named, len(rows), until)).rows

    def trained(self):
        """Order → (customer's pseudonym, moment, looked-up columns) by training's own join."""
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            sales_arrays.place(connection, sales_arrays.sold(self.lines.path, None))
            # The store knows of no fraud that training makes up.
            nothing_injected(connection)
            told_orders.number(connection)
            features._look_up(connection)
            found = ", ".join(LOOKED_UP.values())
            rows = connection.execute(
                f"SELECT entity, moment, {found} FROM rows JOIN looked_up USING (row)"
            ).fetchall()
        return [(row[0], row[1], row[2:]) for row in rows]


@pytest.fixture
def shop(tmp_path):
    shop = ServedShop(tmp_path)
    yield shop
    shop.slot.release()


def asked(*names):
    values = [{"amount": 20.0, "items": 2, "customer_id": name} for name in names]
    return to_rows(values, row_type(SIGNATURE))


async def test_what_is_served_in_a_day_is_what_training_joined_for_that_day_s_orders(shop):
    orders = [order for order in shop.trained() if order[0] is not None]
    packer, compared = Packer(SCHEMA, SIGNATURE), 0
    for night in sorted({moment.date() for _, moment, _ in orders})[40:200:40]:
        begins = datetime.combine(night, datetime.min.time())
        of_day = [o for o in orders if begins < o[1] <= begins + timedelta(days=1)]
        await shop.run_night(begins)
        rows = asked(*(f"pseudonym:{customer}" for customer, _, _ in of_day))
        [packed] = packer.pack_known(rows, await shop.served(rows))
        served = np.frombuffer(packed, np.float32).reshape(len(rows), len(FEATURE_NAMES))
        joined = np.array([values for _, _, values in of_day], np.float64).astype(np.float32)
        assert served[:, -WIDTH:].tobytes() == joined.tobytes()
        compared += int(np.isfinite(joined).sum())
    assert compared > 50


async def test_a_decision_says_the_same_again_after_later_nights(shop, tmp_path):
    request = Request(model="fraud", seed=7)
    snapshot = runs.make_snapshot(shop.settings, shop.lines, request)
    fitted = runs.fit(snapshot, request)
    assert fitted.offline.beats_baseline()
    path = tmp_path / "graph.onnx"
    path.write_bytes(fitted.onnx)
    graph, packer = OnnxModel(path), Packer(SCHEMA, SIGNATURE)

    def answer(rows, known):
        [packed] = packer.pack_known(rows, known)
        tensor = np.frombuffer(packed, np.float32).reshape(len(rows), len(FEATURE_NAMES))
        return graph.run({"features": tensor})["fraud_probability"]

    # By the raw id callers have, by the pseudonym the ingress has, of a stranger and of a guest.
    raw = "shopper7@example.com"
    names = (raw, f"pseudonym:{shop.key.pseudonym(SHOP, 'customer', raw)}", "nobody", None)
    rows = asked(*names)
    await shop.run_night(datetime(2024, 6, 1))  # noqa: DTZ001 - naive UTC
    known = await shop.served(rows)
    assert known[0][0] == known[1][0] != {}
    assert known[2][0] == known[3][0] == {}
    then = answer(rows, known)
    assert then[0] != then[2]
    kept = KeptInputs(SIGNATURE, SCHEMA)
    recorded = sayable(columns(kept.names, kept.of_known(rows, known)))
    assert raw not in str(recorded)
    await shop.run_night(datetime(2024, 8, 1))  # noqa: DTZ001 - naive UTC
    assert (await shop.served(rows))[0] != known[0]
    sent = {name: values for name, values in recorded.items() if not name.startswith("view:")}
    members = [
        {name: values[n] for name, values in sent.items() if values[n] is not None}
        for n in range(len(rows))
    ]
    again, missing = known_of(SCHEMA, recorded, len(rows))
    assert missing == []
    assert answer(to_rows(members, row_type(SIGNATURE)), again).tobytes() == then.tobytes()
