import math
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract import online_store
from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView
from bentos.contract.online_store import Generation, ViewContents

GENERATION = Generation(
    name="20261124T030000-0a1b2c3d",
    shop="demo-shop",
    pseudonym_key="0a1b2c3d",
    as_of="2026-11-24T00:00:00+00:00",
    created_at="2026-11-24T03:00:00+00:00",
    views={"orders@1": ViewContents(entity="customer", fields=("orders",), records=1)},
)
NUMBERS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False)
)


@given(
    st.integers(-(2**40), 2**55),
    st.dictionaries(st.text(max_size=20), NUMBERS | st.lists(NUMBERS, max_size=5), max_size=8),
)
def test_record_reads_as_it_was_written(at_us, fields):
    record = online_store.decode_record(online_store.encode_record(at_us, fields), "r")
    assert (record.at_us, record.fields) == (at_us, fields)


def test_nan_stays_nan():
    data = online_store.encode_record(0, {"x": math.nan})
    assert math.isnan(online_store.decode_record(data, "r").fields["x"])


@given(st.binary(max_size=40))
def test_other_bytes_are_refused_and_never_crash(data):
    with suppress(ContractError):
        online_store.decode_record(data, "r")


@pytest.mark.parametrize(
    "value", [[1, 0, {"x": "text"}], [1, 0, {"x": {}}], [1, 0], [1, "0", {}], {"schema": 1}]
)
def test_record_of_another_form_is_refused(value):
    with pytest.raises(ContractError):
        online_store.decode_record(msgspec.msgpack.encode(value), "r")


def test_record_of_a_later_schema_is_refused_by_name():
    with pytest.raises(ContractError, match=r"r\.schema: expected 1, got 2"):
        online_store.decode_record(msgspec.msgpack.encode([2, 0, {}]), "r")


def test_more_than_the_reader_knows_is_skipped():
    data = msgspec.msgpack.encode([1, 5, {"x": 1}, "added later"])
    assert online_store.decode_record(data, "r").fields == {"x": 1}


def test_longest_key_fits_lmdb():
    view = FeatureView(name="v" * 64, version=2**31 - 1, entity="e" * 64)
    assert len(online_store.key_prefix(view)) + 26 <= 170 < 511


def test_views_never_share_a_prefix():
    views = [
        FeatureView(name=name, version=version, entity=entity)
        for name in ("a", "a1")
        for version in (1, 11)
        for entity in ("b", "bb")
    ]
    prefixes = [online_store.key_prefix(view) for view in views]
    for one in prefixes:
        assert [other for other in prefixes if other.startswith(one)] == [one]


def test_generation_reads_as_it_was_written():
    data = online_store.encode_generation(GENERATION)
    assert online_store.decode_generation(data, "g") == GENERATION
    assert online_store.generation_moment(GENERATION) == 1_795_478_400.0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "../elsewhere"}, "g.name"),
        ({"name": ""}, "g.name"),
        ({"schema": 2}, "g.schema"),
        ({"as_of": "yesterday"}, "g.as_of"),
        ({"as_of": "2026-11-24T00:00:00"}, "g.as_of"),
    ],
)
def test_generation_nobody_may_read_is_refused(changes, field):
    data = online_store.encode_generation(msgspec.structs.replace(GENERATION, **changes))
    with pytest.raises(ContractError) as caught:
        online_store.decode_generation(data, "g")
    assert caught.value.field == field


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff"])
def test_what_is_no_generation_is_refused(data):
    with pytest.raises(ContractError):
        online_store.decode_generation(data, "g")


def test_generation_of_another_shop_or_key_is_refused():
    online_store.check_origin(GENERATION, "demo-shop", "0a1b2c3d")
    with pytest.raises(ContractError, match="shop"):
        online_store.check_origin(GENERATION, "other-shop", "0a1b2c3d")
    with pytest.raises(ContractError, match=r"pseudonym\.key"):
        online_store.check_origin(GENERATION, "demo-shop", "ffffffff")


@pytest.mark.parametrize(
    "url", ["redis://:hunter2@h/0", "rediss://me:hunter2@h", "unix:///s?password=hunter2", "h://"]
)
def test_address_with_a_password_is_refused_without_repeating_it(url):
    with pytest.raises(ContractError, match="SIGNALBOX_ONLINE_STORE_URL") as caught:
        online_store.redis_address(url, None)
    assert "hunter2" not in str(caught.value)


def test_password_comes_from_its_file(tmp_path):
    path = tmp_path / "redis.password"
    path.write_text("hunter2\n")
    assert online_store.redis_address("redis://h/0", path) == ("redis://h/0", "hunter2")
    assert online_store.redis_address("redis://h/0", None) == ("redis://h/0", None)
    with pytest.raises(ContractError, match="readable file"):
        online_store.redis_address("redis://h/0", tmp_path / "absent")


def pinned(digest):
    return FeatureView(name="orders", version=1, entity="customer", digest=digest)


def holding(digest):
    held = msgspec.structs.replace(GENERATION.views["orders@1"], digest=digest)
    return msgspec.structs.replace(GENERATION, views={"orders@1": held})


def test_values_of_another_definition_than_a_schema_pins_are_refused():
    online_store.check_definition(holding("a" * 64), pinned("a" * 64))
    for generation, found in (
        (holding("b" * 64), "b" * 64),
        (GENERATION, "without a digest"),
        (msgspec.structs.replace(GENERATION, views={}), r"\[\]"),
    ):
        with pytest.raises(ContractError, match=found) as caught:
            online_store.check_definition(generation, pinned("a" * 64))
        assert caught.value.field.endswith("views.orders@1")
        assert "Fill the store" in str(caught.value)


def test_a_schema_without_a_digest_takes_what_bears_the_tag():
    for generation in (GENERATION, holding("a" * 64)):
        online_store.check_definition(generation, pinned(msgspec.UNSET))


def test_a_digest_that_is_not_there_is_not_written():
    assert b"digest" not in online_store.encode_generation(GENERATION)
    written = online_store.encode_generation(holding("a" * 64))
    assert online_store.decode_generation(written, "g") == holding("a" * 64)
