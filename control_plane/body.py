"""What every request body must be: known members of the right type, and sayable as JSON.

Python's JSON parser lets through NaN, integers no double holds and halves of characters.
None of them can be hashed for the register or stored, so they are refused at the door.
"""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ModelWrapValidatorHandler, model_validator

from bentos.contract import canonical
from bentos.contract.errors import ContractError
from control_plane.nul import refuse_nul

NUL_IN_JSON = b"\\u0000"


class Body(BaseModel):
    """Base of all bodies."""

    model_config = ConfigDict(strict=True, extra="forbid")

    @model_validator(mode="wrap")
    @classmethod
    def _is_sayable(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        # Its own checks first: they name the field better.
        body = handler(value)
        check_sayable(value)
        return body


def check_sayable(value: Any, root: str = "body") -> None:
    """Raise ContractError, naming the field, for what canonical JSON cannot say."""
    try:
        # Almost never there: looked for in the bytes before it is looked for in the value.
        if NUL_IN_JSON in canonical.canonical_json(value):
            refuse_nul(value, "$")
    except ContractError as error:
        path = error.field.removeprefix("$")
        # A body's own fields are named as the caller wrote them: steps[0].
        field = path.removeprefix(".") if root == "body" and path else f"{root}{path}"
        raise ContractError(field, error.expected, error.got) from error
