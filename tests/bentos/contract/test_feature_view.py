import pytest

from bentos.contract.errors import ContractError
from bentos.contract.feature_view import FeatureView, check_view


def view(**changes):
    return FeatureView(**{"name": "orders", "version": 1, "entity": "customer", **changes})


def test_tag_names_view_and_version():
    assert view(version=12).tag == "orders@12"


@pytest.mark.parametrize("ttl_s", [None, 0.5, 1e9])
def test_sound_view_passes(ttl_s):
    check_view(view(ttl_s=ttl_s), "v")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "v.name"),
        ({"name": "a@b"}, "v.name"),
        ({"name": "Orders"}, "v.name"),
        ({"name": "a" * 65}, "v.name"),
        ({"entity": "a\x1fb"}, "v.entity"),
        ({"version": 0}, "v.version"),
        ({"version": 2**31}, "v.version"),
        ({"ttl_s": 0.0}, "v.ttl_s"),
        ({"ttl_s": float("nan")}, "v.ttl_s"),
        ({"digest": ""}, "v.digest"),
        ({"digest": "A" * 64}, "v.digest"),
        ({"digest": "a" * 63}, "v.digest"),
    ],
)
def test_view_no_store_could_hold_is_refused(changes, field):
    with pytest.raises(ContractError) as caught:
        check_view(view(**changes), "v")
    assert caught.value.field == field
