"""The recommendations model's signature and schema fit together."""

from bentos.contract.features import check_schema
from bentos.contract.signature import check_extends
from bentos.recommendations.schema import MODEL, SCHEMA, SIGNATURE


def test_every_feature_can_be_packed_from_the_signature():
    check_schema(SCHEMA, SIGNATURE)
    check_extends(SIGNATURE, SIGNATURE)
    assert SIGNATURE.model == SCHEMA.model == MODEL


def test_tensors_are_history_and_exclusion():
    assert {block.name: block.width for block in SCHEMA.tensors()} == {
        "history": 64,
        "exclude_bought": 1,
    }
