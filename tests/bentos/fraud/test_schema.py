"""The fraud model's signature and schema fit together."""

from bentos.contract.features import check_schema
from bentos.contract.signature import check_extends
from bentos.fraud.schema import MODEL, SCHEMA, SIGNATURE


def test_every_feature_can_be_packed_from_the_signature():
    check_schema(SCHEMA, SIGNATURE)
    check_extends(SIGNATURE, SIGNATURE)
    assert SIGNATURE.model == SCHEMA.model == MODEL


def test_the_answer_is_a_probability():
    (output,) = SIGNATURE.outputs
    assert (output.minimum, output.maximum, output.shape) == (0, 1, ())
