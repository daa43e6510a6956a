"""What answers are made of, for the OpenAPI document: it describes them and never changes them.

A description that does not fit must not turn a change that was made into a 500, so nothing is
validated on the way out. Tests hold answers and descriptions together instead: every answer that
any test gets is compared with what the document says of it.
"""

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    TypeAdapter,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

Moment = Annotated[
    str,
    Field(
        json_schema_extra={"format": "date-time"},
        examples=["2026-11-26T15:21:47.749544Z"],
    ),
]
"""UTC with microseconds."""
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
"""SHA-256 as hex."""


class Answer(BaseModel):
    """Base of all of them: an answer has these members and no others.

    Members that may be missing have a default; the text below a member is its description.
    """

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class Shown:
    """``Annotated[dict[str, Any], Shown(PersonOut)]``: any dictionary, described as a person."""

    def __init__(self, model: type[Answer]) -> None:
        self._model = model

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Called by Pydantic for the document: of the model, whatever the value is."""
        model = TypeAdapter(self._model).core_schema
        # Within definitions a model becomes a component of the document, to which others refer.
        return handler(core_schema.definitions_schema(model, []))


def repeated(answer: Any) -> dict[int | str, dict[str, Any]]:
    """For a route's ``responses``: what was there already is answered in the same form, as 200."""
    return {200: {"model": answer}}
