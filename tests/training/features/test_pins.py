"""A schema pins the views it reads by the digest of their definition."""

import msgspec
import pytest

from bentos.contract.errors import ContractError
from bentos.contract.features import Feature, FeatureSchema
from training.features.customer_views import CUSTOMER_ORDERS
from training.features.pins import check_pins
from training.recipes import RECIPES

DECLARED = CUSTOMER_ORDERS.declared


def reading(view, field="orders"):
    feature = Feature(name="orders", source=f"view:{view.tag}:{field}", default=0.0)
    return FeatureSchema(model="fraud", features=(feature,), views=(view,))


@pytest.mark.parametrize("model", RECIPES)
def test_what_the_shipped_models_read_is_what_training_computes(model):
    check_pins(RECIPES[model].features)


def test_a_pinned_view_passes():
    check_pins(reading(DECLARED))


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"digest": msgspec.UNSET}, "orders", f"digest: expected {DECLARED.digest}"),
        ({"digest": "0" * 64}, "orders", "Pin the view as it is recorded"),
        ({"ttl_s": 9.0}, "orders", "Pin the view as it is recorded"),
        ({"version": 9}, "orders", r"customer_orders@9: expected one of"),
        ({}, "fortune", "feature orders: expected one of"),
    ],
)
def test_anything_else_is_refused(changes, field, said):
    view = msgspec.structs.replace(DECLARED, **changes)
    with pytest.raises(ContractError, match=said):
        check_pins(reading(view, field))
