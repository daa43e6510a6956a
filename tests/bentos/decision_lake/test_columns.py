import json

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bentos.contract.canonical import MAX_INTEGER, as_builtins, canonical_json
from bentos.contract.decision import Decision, PersonalPart, ShadowOutcome
from bentos.decision_lake.columns import columns, from_row, to_row
from tests.gateway.made_decision import make_decision, make_personal
from tests.gateway.shipper.segments import make_outcome

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-MAX_INTEGER, MAX_INTEGER)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def through_arrow(record):
    schema = pa.schema(columns(type(record)))
    table = pa.Table.from_pylist([to_row(record)], schema=schema)
    [row] = table.to_pylist()
    return from_row(row, table.schema)


@pytest.mark.parametrize(
    "record",
    [
        make_decision(7),
        msgspec.structs.replace(make_decision(0), feature_age_s=1e-9, release_id="r", bucket=0),
        msgspec.structs.replace(make_decision(0), personalised=False),
        make_personal(),
        make_outcome("d"),
    ],
    ids=lambda record: type(record).__name__,
)
def test_a_record_comes_back_as_it_was(record):
    assert canonical_json(through_arrow(record)) == canonical_json(as_builtins(record))


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_any_inputs_come_back_to_the_same_canonical_bytes(inputs):
    part = msgspec.structs.replace(make_personal(), inputs=inputs)
    assert canonical_json(through_arrow(part)["inputs"]) == canonical_json(inputs)


@pytest.mark.parametrize("record", [Decision, PersonalPart, ShadowOutcome])
def test_every_field_has_a_column(record):
    assert [column.name for column in columns(record)] == list(record.__struct_fields__)


def test_a_field_of_a_type_without_a_column_is_refused():
    class Odd(msgspec.Struct):
        when: bytes

    with pytest.raises(TypeError, match="when: no column for"):
        columns(Odd)


def test_an_outcome_that_json_cannot_say_is_kept_as_text():
    outcome = msgspec.structs.replace(make_outcome("d"), outputs={"p": [float("nan")], "n": 2**60})
    assert json.loads(to_row(outcome)["outputs"]) == {"p": ["nan"], "n": str(2**60)}
