"""Tune the blend on an earlier window, fix the statistics, measure on the next baskets."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bentos.contract.errors import ContractError
from bentos.contract.manifest import OfflineMetrics
from bentos.recommendations.schema import HISTORY_LENGTH, NO_PRODUCT, TOP_K
from training.fitted import Answers, Array, Comparison, Feeds, Fitted
from training.recommendations.baskets import (
    Cases,
    Purchases,
    cases_at,
    catalogue_of,
    load,
    moment_at,
)
from training.recommendations.blend import Blend, recommend
from training.recommendations.evaluate import next_basket_metrics, personal_frequency, top_popular
from training.recommendations.graph import build
from training.recommendations.statistics import Statistics, places_of, statistics_of
from training.recommendations.tune import tune
from training.recommendations.windows import TEST_FROM

TIE = 1e-6
MIN_CATALOGUE = 2
MIN_SHOPPERS = 5


def fit(folder: Path, seed: int) -> Fitted:
    """Everything follows from the data; ``seed`` only picks shoppers for tuning."""
    purchases = load(folder)
    test = moment_at(purchases.order, purchases.moment, TEST_FROM)
    blend = tune(purchases, test, seed)
    statistics = _statistics(purchases, test)
    cases = cases_at(purchases, test)
    if len(cases.history) < MIN_SHOPPERS:
        raise ContractError(
            "orders", f"at least {MIN_SHOPPERS} shoppers who come back", len(cases.history)
        )
    held_out = _feeds(cases.history)
    return Fitted(
        onnx=build(statistics, blend),
        offline=_evaluate(statistics, blend, cases),
        reference=partial(_reference, statistics, blend),
        held_out=held_out,
        edges=_edges(statistics),
        compare=_compare,
        tolerance=f"top {TOP_K} equal except between scores within {TIE} of each other",
        parameters={
            "similar": blend.similar,
            "popular": blend.popular,
            "decay": blend.decay,
            "repeat_power": blend.repeat_power,
            "trend_power": blend.trend_power,
            "catalogue": statistics.size,
        },
        assumptions=(_catalogue_assumption(statistics, purchases),),
    )


def newest(folder: Path) -> Cases:
    """The labelled window nothing was learned from: histories before it, baskets in it."""
    purchases = load(folder)
    return cases_at(purchases, moment_at(purchases.order, purchases.moment, TEST_FROM))


def _statistics(purchases: Purchases, moment: int) -> Statistics:
    ids = catalogue_of(purchases.where(purchases.moment < moment))
    if len(ids) < MIN_CATALOGUE:
        raise ContractError("orders", f"at least {MIN_CATALOGUE} products", len(ids))
    return statistics_of(purchases, ids, moment)


def _evaluate(statistics: Statistics, blend: Blend, cases: Cases) -> OfflineMetrics:
    """Against the stronger of two baselines that see the same inputs; all others beside it."""
    rows = len(cases.history)
    answers = recommend(statistics, cases.history, np.zeros(rows, dtype=bool), blend)
    contenders = {
        "top popular": next_basket_metrics(top_popular(statistics, rows), cases),
        "personal frequency in the same history, filled by popularity": next_basket_metrics(
            personal_frequency(statistics, list(cases.history)), cases
        ),
    }
    whole_past = next_basket_metrics(personal_frequency(statistics, cases.bought), cases)
    name = max(contenders, key=lambda key: contenders[key]["ndcg_at_10"])
    return OfflineMetrics(
        protocol=(
            f"next basket after {TEST_FROM:.0%} of the orders, one a shopper; blend tuned on "
            f"windows before; products outside the catalogue count as missed"
        ),
        primary="ndcg_at_10",
        higher_is_better=True,
        model=next_basket_metrics(answers["product_ids"], cases),
        baseline_name=name,
        baseline={
            **contenders[name],
            "top_popular_ndcg_at_10": contenders["top popular"]["ndcg_at_10"],
            "top_popular_recall_at_10": contenders["top popular"]["recall_at_10"],
            "whole_past_frequency_ndcg_at_10": whole_past["ndcg_at_10"],
            "whole_past_frequency_recall_at_10": whole_past["recall_at_10"],
        },
    )


def _catalogue_assumption(statistics: Statistics, purchases: Purchases) -> str:
    known = places_of(statistics.ids, purchases.product) < statistics.size
    return (
        f"the catalogue is the {statistics.size} products in most orders: "
        f"{known.mean():.1%} of what was bought"
    )


def _feeds(history: Array) -> dict[str, Array]:
    """Every history twice: with what was bought, and without."""
    exclude = np.repeat([False, True], len(history))[:, None]
    return {"history": np.concatenate([history, history]), "exclude_bought": exclude}


def _edges(statistics: Statistics) -> dict[str, Array]:
    """Empty, unknown, single, repeated, full and interleaved histories."""
    ids, pad = statistics.ids, NO_PRODUCT
    unknown = [int(ids.max()) + 1, 2**53 - 1, 0 if ids.min() > 0 else int(ids.max()) + 2, -(2**62)]
    rows: list[list[int]] = [[], [pad], unknown, [*unknown, int(ids[0])], [int(ids[0])]]
    rows += [[int(ids[-1])] * HISTORY_LENGTH, np.resize(ids, HISTORY_LENGTH).tolist()]
    rows += [[int(i), pad] * (HISTORY_LENGTH // 2) for i in ids[:4]]
    rows += [[int(i)] * 3 + unknown for i in ids[:: max(1, len(ids) // 200)]]
    rows += [np.resize(ids[start:], HISTORY_LENGTH).tolist() for start in range(0, len(ids), 97)]
    history = np.full((len(rows), HISTORY_LENGTH), pad, dtype=np.int64)
    for row, products in enumerate(rows):
        history[row, : len(products)] = products
    return _feeds(history)


def _reference(statistics: Statistics, blend: Blend, feeds: Feeds) -> Answers:
    answers = recommend(statistics, feeds["history"], feeds["exclude_bought"][:, 0], blend)
    short = TOP_K - answers["scores"].shape[1]
    return {
        "product_ids": np.pad(
            answers["product_ids"], ((0, 0), (0, short)), constant_values=NO_PRODUCT
        ),
        "scores": np.pad(answers["scores"], ((0, 0), (0, short))),
    }


def _compare(_feeds: Feeds, expected: Answers, got: Answers) -> Comparison:
    """Ids may differ only where the scores of both answers are within TIE of each other."""
    if expected["scores"].shape != got["scores"].shape:
        return Comparison(max_abs_error=float("1e308"), mismatches=len(expected["scores"]))
    error = np.abs(expected["scores"].astype(np.float64) - got["scores"])
    other_id = expected["product_ids"] != got["product_ids"]
    wrong = ~(error <= TIE) | (other_id & ~_tied(expected["scores"]))
    return Comparison(
        max_abs_error=float(np.nan_to_num(error, nan=1e308).max(initial=0.0)),
        mismatches=int(wrong.any(axis=1).sum()),
    )


def _tied(scores: Array) -> Any:
    """Where a score lies within TIE of its neighbour; the last may tie with what follows it."""
    close = np.abs(np.diff(scores, axis=1)) <= TIE
    false = np.zeros((len(scores), 1), dtype=bool)
    after = np.concatenate([close, ~false], axis=1)
    before = np.concatenate([false, close], axis=1)
    return after | before
