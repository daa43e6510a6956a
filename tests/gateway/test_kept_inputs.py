"""What a decision keeps of the inputs."""

import pytest

from bentos.contract.brief_decision import columns
from bentos.contract.datatype import Datatype
from bentos.contract.rows import row_type, to_rows
from bentos.contract.signature import InputSpec, ModelSignature, Redaction
from gateway.kept_inputs import KeptInputs


def keep(rows: list[dict[str, object]], *redactions: Redaction) -> object:
    names = ("amount", "e-mail", "items")
    signature = ModelSignature(
        model="fraud",
        inputs=tuple(
            InputSpec(name=name, datatype=Datatype.FP32, redaction=redaction, required=False)
            for name, redaction in zip(names, redactions, strict=True)
        ),
        outputs=(),
    )
    kept = KeptInputs(signature)
    return columns(kept.names, kept.of(to_rows(rows, row_type(signature))))


PUBLIC, PERSONAL, DROP = Redaction.PUBLIC, Redaction.PERSONAL, Redaction.DROP
ROWS: list[dict[str, object]] = [{"amount": 1.5, "e-mail": 2.0, "items": 3.0}, {"amount": None}]


@pytest.mark.parametrize("rows", [ROWS[:1], ROWS])
def test_columns_by_name_with_a_value_a_row(rows: list[dict[str, object]]) -> None:
    assert keep(rows, PUBLIC, PERSONAL, PUBLIC) == {
        name: [row.get(name) for row in rows] for name in ("amount", "e-mail", "items")
    }


def test_what_is_to_be_dropped_is_not_kept() -> None:
    assert keep(ROWS, PUBLIC, DROP, DROP) == {"amount": [1.5, None]}
    assert keep(ROWS, DROP, DROP, DROP) == {}
