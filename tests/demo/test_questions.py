"""Questions are rows the models can be asked: only named inputs, nothing unknown, no label."""

import duckdb
import msgspec
import pytest

from bentos.fraud.schema import LOOKED_UP
from bentos.fraud.schema import SIGNATURE as FRAUD
from bentos.pricing.schema import SIGNATURE as PRICING
from bentos.recommendations.schema import HISTORY_LENGTH
from bentos.recommendations.schema import SIGNATURE as RECOMMENDATIONS
from demo.questions import main
from tests.training.pricing.test_features import made_up_sales, snapshot
from training.pricing.features import WEEKS_FILE


@pytest.fixture(scope="module")
def questions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("snapshot")
    names = [spec.name for spec in FRAUD.inputs if spec.name not in ("is_new", "customer_id")]
    known = ", ".join(f"1.0::FLOAT AS {name}" for name in (*names, *LOOKED_UP))
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"""COPY (SELECT 'o' || i AS order_id, now()::TIMESTAMP AS ordered_at,
            {known}, NULL::FLOAT AS is_new, 0 AS label, '' AS scenario,
            CASE WHEN i < 4 THEN 'test' ELSE 'train' END AS split FROM range(9) t(i))
            TO '{folder / "fraud_orders.parquet"}'""")
        connection.execute(f"""COPY (SELECT (i % 3 - 1)::INT AS customer, i AS order_number,
            i AS moment, i AS product_id FROM range(300) t(i))
            TO '{folder / "purchases.parquet"}'""")
    snapshot(folder, made_up_sales())
    (folder / "snapshot" / WEEKS_FILE).rename(folder / WEEKS_FILE)
    out = folder / "questions.json"
    pairs = [text for model in ("fraud", "recommendations", "pricing") for text in (folder, model)]
    assert main([str(out), *map(str, pairs)]) == 0
    return msgspec.json.decode(out.read_bytes())


def test_every_question_names_inputs_of_its_model(questions):
    for signature in (FRAUD, RECOMMENDATIONS, PRICING):
        inputs = {spec.name: spec for spec in signature.inputs}
        for row in questions[signature.model]:
            assert set(row) <= set(inputs)
            assert {name for name, spec in inputs.items() if spec.required} <= set(row)


def test_fraud_is_asked_about_unseen_orders_and_unknowns_are_left_out(questions):
    assert len(questions["fraud"]) == 4
    assert all("is_new" not in row for row in questions["fraud"])


def test_histories_are_newest_first_bounded_and_of_known_customers(questions):
    rows = questions["recommendations"]
    assert len(rows) == 2
    for row in rows:
        assert row["history"] == sorted(row["history"], reverse=True)
        assert len(row["history"]) == HISTORY_LENGTH


def test_a_price_may_move_around_its_reference(questions):
    assert questions["pricing"]
    for row in questions["pricing"]:
        assert row["price_min"] < row["reference_price"] < row["price_max"]
