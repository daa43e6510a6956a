import threading
from datetime import UTC, datetime

import lmdb
import pytest

from bentos.contract import online_store as stored
from bentos.contract.feature_view import FeatureView
from training import online_store
from training.online_store import Origin

ORDERS = FeatureView(name="customer_orders", version=1, entity="customer")
MOMENT = datetime(2026, 11, 24, tzinfo=UTC)
ORIGIN = Origin(shop="demo-shop", pseudonym_key="0a1b2c3d", moment=MOMENT)


def entries(count, value=1.0):
    return [(f"{number:026d}", {"orders": value}) for number in range(count)]


def names(folder):
    return {path.name for path in (folder / "generations").iterdir()}


def read(folder, number):
    name = online_store.current_name(folder)
    place = str(folder / "generations" / name)
    store = lmdb.open(place, readonly=True, lock=False, create=False)
    with store, store.begin() as transaction:
        data = transaction.get(stored.key_prefix(ORDERS) + f"{number:026d}".encode())
    return data and stored.decode_record(data, "r")


def test_filling_describes_what_it_wrote_and_for_when(tmp_path):
    generation = online_store.fill(tmp_path, ORIGIN, [(ORDERS, entries(50_000))])
    contents = generation.views["customer_orders@1"]
    assert (contents.records, contents.fields, contents.entity) == (
        50_000, ("orders",), "customer"
    )  # fmt: skip
    kept = (tmp_path / "generations" / generation.name / "generation.json").read_bytes()
    assert stored.decode_generation(kept, "g") == generation
    record = read(tmp_path, 49_999)
    assert record.at_us == int(MOMENT.timestamp()) * 1_000_000
    assert read(tmp_path, 50_000) is None


def test_a_writer_that_fails_half_way_changes_nothing(tmp_path):
    before = online_store.fill(tmp_path, ORIGIN, [(ORDERS, entries(3))])

    def failing():
        yield from entries(30_000, value=2.0)
        raise RuntimeError("the orders went away")

    with pytest.raises(RuntimeError, match="went away"):
        online_store.fill(tmp_path, ORIGIN, [(ORDERS, failing())])
    assert online_store.current_name(tmp_path) == before.name
    assert names(tmp_path) == {before.name}
    assert read(tmp_path, 2).fields == {"orders": 1.0}


def test_the_generation_before_stays_and_older_ones_and_leftovers_go(tmp_path):
    made = [online_store.fill(tmp_path, ORIGIN, [(ORDERS, entries(3))]) for _ in range(2)]
    (tmp_path / "generations" / ".20260101T000000-dead").mkdir()
    made.append(online_store.fill(tmp_path, ORIGIN, [(ORDERS, entries(3))]))
    assert names(tmp_path) == {made[1].name, made[2].name}


def test_writers_take_turns(tmp_path):
    errors = []

    def run():
        try:
            online_store.fill(tmp_path, ORIGIN, [(ORDERS, entries(2000))])
        except Exception as error:  # noqa: BLE001 - shown below
            errors.append(error)

    writers = [threading.Thread(target=run) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert errors == []
    assert len(names(tmp_path)) == 2
    assert online_store.current_name(tmp_path) in names(tmp_path)
    assert read(tmp_path, 1999).fields == {"orders": 1.0}
