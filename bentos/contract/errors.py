"""One error for input that breaks the contract: which field, what was expected, what came."""

from typing import Any

SHOWN_VALUE_LENGTH = 80


class ContractError(ValueError):
    """Input that breaks the contract.

    ``field`` is a path into the input (``inputs[0].shape``), ``expected`` a phrase,
    ``got`` the offending value (shortened), ``hint`` what to do about it.
    """

    def __init__(self, field: str, expected: str, got: Any, hint: str = "") -> None:
        self.field = field
        self.expected = expected
        self.got = shorten(got)
        self.hint = hint
        message = f"{field}: expected {expected}, got {self.got}"
        super().__init__(f"{message}. {hint}" if hint else message)


def shorten(value: Any) -> str:
    """Show a value in an error without repeating a whole request body."""
    text = repr(value)
    if len(text) <= SHOWN_VALUE_LENGTH:
        return text
    return f"{text[: SHOWN_VALUE_LENGTH - 1]}…"
