"""The pricing model's signature and schema fit together."""

from bentos.contract.features import check_schema
from bentos.contract.signature import check_extends
from bentos.pricing.schema import MODEL, SCHEMA, SIGNATURE


def test_every_feature_can_be_packed_from_the_signature():
    check_schema(SCHEMA, SIGNATURE)
    check_extends(SIGNATURE, SIGNATURE)
    assert SIGNATURE.model == SCHEMA.model == MODEL


def test_the_price_lies_in_the_band_and_is_no_feature_of_its_own():
    outputs = {output.name: output for output in SIGNATURE.outputs}
    assert outputs["price"].band == ("price_min", "price_max")
    features = SCHEMA.tensors()[0]
    assert [feature.name for feature in features.features if feature.name == "price"] == []
