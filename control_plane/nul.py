"""U+0000 is refused at the doors: PostgreSQL holds no text with it, and nobody means it."""

from typing import Any

from fastapi import Request

from bentos.contract.errors import ContractError
from control_plane.errors import MalformedError

NUL = "\x00"
EXPECTED = "text without U+0000"


def refuse_nul_in_address(request: Request) -> None:
    """A dependency of every endpoint. Raises MalformedError; bodies are checked by ``Body``."""
    if NUL in request.scope["path"] or b"%00" in request.scope["query_string"]:
        raise MalformedError(f"the address: expected {EXPECTED}")


def refuse_nul(value: Any, field: str) -> None:
    """Raise ContractError, naming the field, if any text within JSON has it."""
    if isinstance(value, str) and NUL in value:
        raise ContractError(field, EXPECTED, value)
    if isinstance(value, dict):
        for name, each in value.items():
            refuse_nul(name, field)
            refuse_nul(each, f"{field}.{name}")
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            refuse_nul(each, f"{field}[{number}]")
