"""POST /v1/models/{model}:predict — named values in ``instances``, ``predictions`` out.

The shape of KServe's V1 protocol, plus ``targeting_key``, ``attributes``, ``version`` and
``consent``.
"""

from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.oip import JSON_CONTENT_TYPE
from bentos.contract.rows import explain, generic
from gateway.query import Query
from gateway.snapshot import ModelView

CONTENT_TYPE = JSON_CONTENT_TYPE
_encoder = msgspec.json.Encoder()


def decode(view: ModelView, body: bytes) -> Query:
    """Decode and validate in one pass; raises ContractError naming the field."""
    try:
        message = view.body_decoder.decode(body)
    except msgspec.ValidationError as error:
        raise explain(error, generic(body)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError(
            "body", '{"instances": [{…}], "targeting_key": "…"}', str(error)
        ) from error
    return Query(
        message.instances,
        message.targeting_key,
        message.attributes,
        message.version,
        consent=message.consent,
    )


def encode(outputs: dict[str, list[Any]], facts: dict[str, Any]) -> bytes:
    """One object of named outputs per row, and which version answered and why."""
    columns = outputs.items()
    rows = range(len(next(iter(outputs.values()))))
    predictions = [{name: values[row] for name, values in columns} for row in rows]
    return _encoder.encode({"predictions": predictions, **facts})
