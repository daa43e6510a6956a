"""The online store forgets a person: LMDB keeps nothing in free pages, Redis no key."""

import shutil
from datetime import UTC, datetime

import lmdb
import pytest

from bentos.contract import online_store as stored
from bentos.contract.feature_view import FeatureView
from tests.gateway.redis_process import RedisProcess
from tests.planted_data import PlantedData
from training import online_store, redis_store
from training.online_store import Origin
from training.redaction import online_values
from training.redaction.scope import Scope
from training.redaction.work import Work
from training.settings import Settings

ORDERS = FeatureView(name="customer_orders", version=1, entity="customer")
BASKETS = FeatureView(name="customer_baskets", version=2, entity="customer")
ORIGIN = Origin(
    shop="demo-shop", pseudonym_key="0a1b2c3d", moment=datetime(2026, 11, 24, tzinfo=UTC)
)
NAMES = [f"PSEUDONYMOFSOMEBODY{number:07d}" for number in range(400)]
GONE = NAMES[7]
WORK = Work(id="r", scope=Scope())


def entries(names=NAMES):
    return [(name, {"orders": float(place)}) for place, name in enumerate(names)]


def fill(settings, *views):
    return online_store.fill(settings.features, ORIGIN, [(view, entries()) for view in views])


def keys(settings):
    name = online_store.current_name(settings.features)
    place = str(settings.features / "generations" / name)
    with lmdb.open(place, readonly=True, lock=False) as store, store.begin() as transaction:
        return name, {bytes(key): bytes(value) for key, value in transaction.cursor()}


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


def test_every_generation_with_them_goes_and_the_rest_is_as_it_was(settings):
    fill(settings, ORDERS, BASKETS)
    fill(settings, ORDERS, BASKETS)
    before, held = keys(settings)
    assert online_values.count(settings, [GONE], WORK) == 4
    assert PlantedData([GONE]).found_below(settings.home)
    online_values.erase(settings, [GONE], WORK)
    assert PlantedData([GONE]).found_below(settings.home) == []
    after, left = keys(settings)
    assert after != before
    assert left == {key: value for key, value in held.items() if GONE.encode() not in key}
    (place,) = (settings.features / "generations").iterdir()
    described = stored.decode_generation((place / "generation.json").read_bytes(), "g")
    assert described.name == after
    assert {tag: view.records for tag, view in described.views.items()} == {
        "customer_orders@1": 399,
        "customer_baskets@2": 399,
    }


def test_a_store_without_them_is_not_touched(settings):
    online_values.erase(settings, [GONE], WORK)
    assert not settings.features.exists()
    online_store.fill(settings.features, ORIGIN, [(ORDERS, entries(NAMES[:3]))])
    before = keys(settings)
    online_values.erase(settings, [GONE], WORK)
    assert keys(settings) == before


def test_what_a_killed_writer_left_goes_and_everybody_with_their_shop(settings):
    fill(settings, ORDERS)
    (place,) = (settings.features / "generations").iterdir()
    shutil.copytree(place, place.with_name(f".{place.name}"))
    online_values.erase(settings, [GONE], WORK)
    assert PlantedData([GONE]).found_below(settings.home) == []
    online_values.erase(settings, (), WORK)
    assert online_store.current_name(settings.features) is None
    assert online_values.count(settings, (), WORK) == 0


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    yield process
    process.kill()


def test_keys_in_redis_are_deleted_and_only_theirs(tmp_path, redis):
    settings = Settings(home=tmp_path, online_store_url=redis.url)
    for _ in range(2):
        redis_store.fill(redis.url, None, ORIGIN, [(ORDERS, entries()), (BASKETS, entries())])
    assert online_values.count(settings, [GONE], WORK) == 4
    assert any(GONE.encode() in key for key in redis.contents())
    held = online_values.count(settings, (), WORK)
    online_values.erase(settings, [GONE], WORK)
    assert not any(GONE.encode() in key for key in redis.contents())
    assert online_values.count(settings, (), WORK) == held - 4
    online_values.erase(settings, (), WORK)
    assert online_values.count(settings, (), WORK) == 0
