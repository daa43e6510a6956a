"""The blend: what it recommends, and that the graph answers the same on odd histories."""

import numpy as np
import pytest

from bentos.onnx_model import OnnxModel
from training.recommendations.baskets import Purchases
from training.recommendations.blend import Blend, recommend
from training.recommendations.graph import build
from training.recommendations.statistics import DAY, statistics_of

BLEND = Blend(similar=0.3, popular=0.01, decay=0.9, repeat_power=0.5, trend_power=0.25)


def shop(products=30, orders=400, seed=1):
    chance = np.random.default_rng(seed)
    rows = [
        (order % 25, order, order * DAY // 4, int(product) * 7 + 100)
        for order in range(orders)
        for product in chance.choice(products, 3, replace=False)
    ]
    customer, order, moment, product = (np.array(column) for column in zip(*rows, strict=True))
    return Purchases(customer=customer, order=order, moment=moment, product=product)


@pytest.fixture(scope="module")
def statistics():
    purchases = shop()
    return statistics_of(purchases, np.unique(purchases.product), 400 * DAY // 4)


def history_of(*products):
    history = np.full((1, 64), -1, dtype=np.int64)
    history[0, : len(products)] = products
    return history


def answer(statistics, history, *, exclude=False):
    return recommend(statistics, history, np.full(len(history), exclude), BLEND)


def test_what_was_bought_comes_first_and_exclusion_takes_it_out(statistics):
    history = history_of(100, 100, 107)
    assert set(answer(statistics, history)["product_ids"][0][:2]) == {100, 107}
    without = answer(statistics, history, exclude=True)["product_ids"][0]
    assert not {100, 107} & set(without.tolist())


def test_an_empty_history_gets_what_is_popular(statistics):
    ids = answer(statistics, history_of())["product_ids"][0]
    popular = statistics.ids[np.argsort(-statistics.popularity[:-1], kind="stable")[:10]]
    assert ids.tolist() == popular.tolist()


def test_unknown_products_change_nothing(statistics):
    with_unknown = answer(statistics, history_of(5, 100, 2**53 - 1))
    assert with_unknown["product_ids"][0][0] == 100


@pytest.mark.parametrize("products", [4, 12, 30])
def test_the_graph_of_any_catalogue_answers_the_same(tmp_path, products):
    purchases = shop(products=products)
    statistics = statistics_of(purchases, np.unique(purchases.product), 400 * DAY // 4)
    path = tmp_path / "model.onnx"
    path.write_bytes(build(statistics, BLEND))
    chance = np.random.default_rng(2)
    history = np.where(
        chance.random((50, 64)) < 0.8, chance.choice(statistics.ids, (50, 64)), -1
    ).astype(np.int64)
    exclude = chance.random((50, 1)) < 0.5
    got = OnnxModel(path).run({"history": history, "exclude_bought": exclude})
    want = recommend(statistics, history, exclude[:, 0], BLEND)
    count = want["product_ids"].shape[1]
    np.testing.assert_allclose(got["scores"][:, :count], want["scores"], atol=1e-6)
    np.testing.assert_array_equal(got["product_ids"][:, :count], want["product_ids"])
    assert (got["product_ids"][:, count:] == -1).all()


@pytest.mark.parametrize("rows", [1, 3000])
def test_scores_are_the_same_numbers_for_any_number_of_rows(statistics, tmp_path, rows):
    """Adding 64 weights in float32 came out otherwise in one row of four, when many were asked."""
    chance = np.random.default_rng(rows)
    history = chance.choice([*statistics.ids, -1, 5], (rows, 64))
    path = tmp_path / "model.onnx"
    path.write_bytes(build(statistics, BLEND))
    got = OnnxModel(path).run(
        {"history": history, "exclude_bought": np.zeros((rows, 1), dtype=bool)}
    )
    expected = answer(statistics, history)
    np.testing.assert_array_equal(got["scores"], expected["scores"])
    np.testing.assert_array_equal(got["product_ids"], expected["product_ids"])
