import json

import pytest

from bentos.contract.attributes import AttributeType
from control_plane.ofrep.context import MAX_BYTES, Context, RefusedError, read_context

DECLARED = {"country": AttributeType.STRING, "orders": AttributeType.NUMBER}


def read(context):
    return read_context(json.dumps({"context": context}).encode(), DECLARED)


def test_what_was_declared_is_read_and_what_was_not_is_left_out():
    sent = {"targetingKey": "k", "country": "DE", "orders": 3, "email": "a@b", "nested": {"x": []}}
    assert read(sent) == Context("k", {"country": "DE", "orders": 3})


@pytest.mark.parametrize("body", [b"", b"{}", b'{"context":null}', b'{"context":{}}'])
def test_nothing_may_be_known(body):
    assert read_context(body, DECLARED) == Context(None, {})


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[]", b"7", b"[" * 60_000])
def test_what_is_no_object_is_a_parse_error(body):
    with pytest.raises(RefusedError) as refused:
        read_context(body, DECLARED)
    assert refused.value.code == "PARSE_ERROR"


@pytest.mark.parametrize(
    "context",
    [
        [],
        "k",
        {"targetingKey": 7},
        {"targetingKey": ""},
        {"targetingKey": "k" * 201},
        {"country": 7},
        {"orders": "3"},
        {"orders": True},
        {"country": "x" * 1025},
        {"other": "x" * MAX_BYTES},
    ],
)
def test_a_context_that_breaks_the_contract_is_invalid(context):
    with pytest.raises(RefusedError) as refused:
        read(context)
    assert refused.value.code == "INVALID_CONTEXT"
    assert "expected" in refused.value.details
