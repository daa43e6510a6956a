"""Examples shown to people: the checks of their own model accept them."""

import msgspec
import pytest

from bentos.fraud.schema import SIGNATURE as FRAUD
from bentos.pricing.schema import SIGNATURE as PRICING
from bentos.recommendations.schema import SIGNATURE as RECOMMENDATIONS
from gateway.batch_answer import check_band_inputs
from gateway.example_row import example_row, example_value
from gateway.snapshot import ModelView


@pytest.mark.parametrize("signature", [FRAUD, PRICING, RECOMMENDATIONS], ids=lambda s: s.model)
def test_an_example_row_is_a_valid_row(signature):
    view = ModelView(signature)
    body = msgspec.json.encode({"instances": [example_row(signature)]})
    rows = view.body_decoder.decode(body).instances
    check_band_inputs(view.bands, rows)
    assert set(example_row(signature)) == {spec.name for spec in signature.inputs}


def test_an_example_answer_has_the_output_s_shape():
    [product_ids, _] = RECOMMENDATIONS.outputs
    assert len(example_value(product_ids)) == 10
