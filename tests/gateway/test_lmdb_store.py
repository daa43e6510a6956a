import asyncio
import os
import shutil

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bentos.contract import online_store as stored
from gateway.lmdb_store import LmdbStore
from gateway.online_store import StoreUnavailable
from tests.gateway.feature_shop import KEY, ORDERS, SALES, SHOP, entries, fill, name

PREFIX = stored.key_prefix(ORDERS)


def key(customer: object) -> bytes:
    return PREFIX + name("customer", customer).encode()


def open_store(home, shop=SHOP, fingerprint=KEY.fingerprint) -> LmdbStore:
    return LmdbStore(home / "features", shop=shop, pseudonym_key=fingerprint)


async def fields(store, *customers):
    values = await store.get_many([key(c) for c in customers], 1.0)
    return [v and stored.decode_record(v, "r").fields for v in values]


async def test_reads_what_was_filled_and_nothing_for_strangers(tmp_path):
    fill(tmp_path, entries(ORDERS, {"anna": {"orders": 3}, "ben": {"orders": 1.5}}))
    store = open_store(tmp_path)
    assert await fields(store, "ben", "nobody", "anna") == [{"orders": 1.5}, None, {"orders": 3}]
    assert store.generation.views["customer_orders@1"].records == 2
    await store.close()


@settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable()),
        st.dictionaries(
            st.text(max_size=10), st.floats(allow_nan=False) | st.integers(-9, 9), max_size=4
        ),
        max_size=12,
    )
)
def test_reader_finds_exactly_what_the_writer_wrote(tmp_path, values):
    fill(tmp_path, entries(ORDERS, values), entries(SALES, {}))
    assert asyncio.run(read_all(tmp_path, list(values))) == list(values.values())


async def read_all(home, customers):
    store = open_store(home)
    try:
        return await fields(store, *customers)
    finally:
        await store.close()


async def test_more_than_a_default_map_holds_can_be_read(tmp_path):
    values = {n: {f"field_{i}": n + i / 7 for i in range(40)} for n in range(20_000)}
    fill(tmp_path, entries(ORDERS, values))
    store = open_store(tmp_path)
    [data] = tmp_path.glob("features/generations/*/data.mdb")
    assert data.stat().st_size > 10 * 1024 * 1024
    assert await fields(store, 19_999, 0) == [values[19_999], values[0]]
    await store.close()


async def test_a_new_generation_is_picked_up_and_the_one_before_stays_on_disk(tmp_path):
    first = fill(tmp_path, entries(ORDERS, {"anna": {"orders": 1}}))
    store = open_store(tmp_path)
    second = fill(tmp_path, entries(ORDERS, {"anna": {"orders": 2}}))
    assert await fields(store, "anna") == [{"orders": 1}]
    await store.refresh()
    assert await fields(store, "anna") == [{"orders": 2}]
    third = fill(tmp_path, entries(ORDERS, {"anna": {"orders": 3}}))
    assert await fields(store, "anna") == [{"orders": 2}]
    left = {path.name for path in (tmp_path / "features" / "generations").iterdir()}
    assert left == {second.name, third.name}
    assert first.name not in left
    await store.close()


async def test_nothing_filled_yet_is_unavailable_and_found_later(tmp_path):
    store = open_store(tmp_path)
    with pytest.raises(StoreUnavailable):
        await fields(store, "anna")
    fill(tmp_path, entries(ORDERS, {"anna": {"orders": 1}}))
    await store.refresh()
    assert await fields(store, "anna") == [{"orders": 1}]
    await store.close()


@pytest.mark.parametrize(
    "damage",
    ["pointer to nowhere", "pointer is no name", "cut short", "no description", "another shop"],
)
async def test_a_generation_that_may_not_be_read_leaves_the_last_good_one(tmp_path, damage):
    fill(tmp_path, entries(ORDERS, {"anna": {"orders": 1}}))
    store = open_store(tmp_path)
    folder = tmp_path / "features"
    bad = fill(tmp_path, entries(ORDERS, {n: {"orders": 2} for n in range(2000)}))
    place = folder / "generations" / bad.name
    if damage == "pointer to nowhere":
        (folder / "current").write_text("20990101T000000-00000000")
    elif damage == "pointer is no name":
        (folder / "current").write_text("../../etc")
    elif damage == "cut short":
        os.truncate(place / "data.mdb", 3 * 4096)
    elif damage == "no description":
        (place / "generation.json").unlink()
    else:
        other = msgspec.structs.replace(bad, shop="other-shop")
        (place / "generation.json").write_bytes(stored.encode_generation(other))
    await store.refresh()
    await store.refresh()
    assert await fields(store, "anna") == [{"orders": 1}]
    good = fill(tmp_path, entries(ORDERS, {"anna": {"orders": 4}}))
    await store.refresh()
    assert store.generation == good
    await store.close()


async def test_a_store_under_another_pseudonym_key_is_refused(tmp_path):
    fill(tmp_path, entries(ORDERS, {"anna": {"orders": 1}}))
    store = open_store(tmp_path, fingerprint="ffffffff")
    with pytest.raises(StoreUnavailable):
        await fields(store, "anna")
    assert store.generation is None
    await store.close()


async def test_an_open_generation_outlives_its_files(tmp_path):
    fill(tmp_path, entries(ORDERS, {n: {"orders": n} for n in range(5000)}))
    store = open_store(tmp_path)
    shutil.rmtree(tmp_path / "features")
    assert await fields(store, 4999) == [{"orders": 4999}]
    await store.close()
