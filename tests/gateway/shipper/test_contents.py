import msgspec
import pytest

from bentos.contract.decision import commitment, leaf
from bentos.contract.errors import ContractError
from bentos.contract.merkle import merkle_root
from bentos.contract.segment import (
    MAGIC,
    DecisionFrame,
    SegmentHeader,
    encode_frame,
    read_frames,
)
from gateway.shipper.contents import Contents, sorted_tables
from tests.gateway.made_decision import make_decision, make_personal


def test_the_identity_is_the_contract_s(segments):
    segments.write(5)
    segments.write(9)
    path = segments.closed[1]
    frames = [frame for frame in read_frames(path) if isinstance(frame, DecisionFrame)]
    leaves = [
        leaf(msgspec.structs.replace(f.decision, commitment=commitment(f.personal))) for f in frames
    ]
    identity = Contents(path).identity
    assert (identity.gateway, identity.boot) == ("g.0", segments.boot)
    assert (identity.first_seq, identity.last_seq, identity.count) == (5, 13, 9)
    assert identity.root == merkle_root(leaves).hex()


def test_rows_lie_by_day_and_model_and_by_subject_within(segments):
    segments.write(40, shadows=2)
    contents = Contents(segments.closed[0])
    assert set(contents.public) == {
        f"day={day}/model={model}"
        for day in ("2026-01-01", "2026-01-02")
        for model in ("fraud", "pricing")
    }
    for partition, rows in contents.public.items():
        public, personal = sorted_tables(rows, contents.personal[partition])
        assert public["decision_id"].to_pylist() == personal["decision_id"].to_pylist()
        order = [(s is None, s, q) for s, q in pairs(personal, "subject", "seq")]
        assert order == sorted(order)
        assert "subject" not in public.column_names
    # The outcome lies by the day its decision was made, which its id tells.
    [(partition, rows)] = contents.shadow.items()
    assert partition.endswith("/model=fraud")
    assert not partition.startswith("day=2026-01-0")
    assert rows.table().num_rows == 2


def pairs(table, *names):
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


def test_what_json_cannot_say_is_kept_as_text_and_committed_to(segments):
    odd = msgspec.structs.replace(
        make_personal(), inputs={"a": [float("inf"), 2**60], "b": [b"\x00\xff", 1.5]}
    )
    segments.write(1, personal=odd)
    contents = Contents(segments.closed[0])
    [rows] = contents.personal.values()
    [row] = rows.table().to_pylist()
    assert row["inputs"] == '{"a":["inf","1152921504606846976"],"b":["00ff",1.5]}'


def test_shadows_alone_have_no_identity(segments):
    segments.write(0, shadows=3)
    contents = Contents(segments.closed[0])
    assert contents.identity is None
    assert not contents.public


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"seq": 2}, "decision.seq"),
        ({"boot": "other"}, "decision.boot"),
        ({"gateway": "other"}, "decision.boot"),
        ({"at": "yesterday"}, "decision.at"),
    ],
)
def test_what_no_gateway_writes_is_refused(tmp_path, change, field):
    header = SegmentHeader(gateway="g", boot="b1", first_seq=0, opened_at="2026-01-01T00:00:00Z")
    frames = [
        DecisionFrame(make_decision(0), make_personal()),
        DecisionFrame(msgspec.structs.replace(make_decision(1), **change), make_personal()),
    ]
    path = tmp_path / "x.segment"
    path.write_bytes(MAGIC + b"".join(map(encode_frame, (header, *frames))))
    with pytest.raises(ContractError) as refused:
        Contents(path)
    assert refused.value.field == field


@pytest.mark.parametrize("kind", ["extension", "nesting"])
def test_a_value_that_has_no_form_in_json_is_refused_not_tried_again(tmp_path, kind):
    value = msgspec.msgpack.Ext(5, b"of another program")
    if kind == "nesting":
        value = float("nan")
        for _ in range(700):
            value = [value]
    header = SegmentHeader(gateway="g", boot="b1", first_seq=0, opened_at="2026-01-01T00:00:00Z")
    personal = msgspec.structs.replace(make_personal(), outputs={"a": value})
    frames = header, DecisionFrame(make_decision(0), personal)
    path = tmp_path / "x.segment"
    path.write_bytes(MAGIC + b"".join(map(encode_frame, frames)))
    try:
        Contents(path)
    except Exception as error:  # noqa: BLE001 - not held by name: a traceback would show the value
        refused = type(error)
    assert refused is ContractError
