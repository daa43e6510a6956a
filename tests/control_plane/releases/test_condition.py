from control_plane.releases.condition import attributes_of


def test_every_attribute_that_a_condition_asks_for_is_named():
    condition = {
        "country": {"$in": ["DE", "AT"]},
        "$or": [{"new_customer": True}, {"$not": {"orders_before": {"$gt": 3}}}],
    }
    assert attributes_of(condition) == {"country", "new_customer", "orders_before"}
