"""One error for input that breaks the contract: which field, what was expected, what came."""

import re
from typing import Any

SHOWN_VALUE_LENGTH = 80
SHOWN_FIELD_LENGTH = 160
# The forms of msgspec's messages that say more than "it did not fit".
_AT_PATH = re.compile(r"^(?P<problem>.*) - at `\$(?P<path>.*)`$", re.DOTALL)
_WRONG_TYPE = re.compile(r"^Expected (?P<expected>.+), got (?P<got>.+)$", re.DOTALL)
_UNKNOWN = re.compile(r"^Invalid enum value (?P<got>.+)$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<name>.+)`$")


class ContractError(ValueError):
    """Input that breaks the contract.

    ``field`` is a path into the input (``inputs[0].shape``), ``expected`` a phrase,
    ``got`` the offending value (shortened), ``hint`` what to do about it.
    """

    def __init__(self, field: str, expected: str, got: Any, hint: str = "") -> None:
        self.field = _cut(field, SHOWN_FIELD_LENGTH)
        self.expected = expected
        self.got = shorten(got)
        self.hint = hint
        message = f"{self.field}: expected {expected}, got {self.got}"
        super().__init__(f"{message}. {hint}" if hint else message)


def shorten(value: Any) -> str:
    """Show a value in an error without repeating a whole request body."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        # An integer of more than 4,300 digits, or nesting deeper than the stack.
        text = f"a {type(value).__name__} too large to show"
    return _cut(text, SHOWN_VALUE_LENGTH)


def from_decoding(error: Exception, root: str, expected: str) -> ContractError:
    """Turn what a msgspec decoder raised into a ContractError that names the field.

    ``root`` stands for the whole input, ``expected`` says what it should have been.
    Decoders raise MsgspecError for JSON that does not fit, UnicodeDecodeError for bytes
    that are not UTF-8 and RecursionError for nesting deeper than the stack.
    """
    message = str(error)
    at_path = _AT_PATH.match(message)
    if at_path is None:
        problem, path = message, ""
    else:
        problem, path = at_path["problem"], at_path["path"]
    if missing := _MISSING.match(problem):
        return ContractError(_join(root, f"{path}.{missing['name']}"), "a value", _Plain("nothing"))
    if unknown := _UNKNOWN.match(problem):
        return ContractError(_join(root, path), "a known value", _Plain(unknown["got"]))
    if wrong := _WRONG_TYPE.match(problem):
        return ContractError(_join(root, path), wrong["expected"], _Plain(wrong["got"]))
    return ContractError(_join(root, path), expected, _Plain(problem))


class _Plain(str):
    """Text that is shown as it stands, without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _join(root: str, path: str) -> str:
    inner = path.removeprefix(".")
    if not inner:
        return root
    # A request's own fields are named as the caller wrote them: inputs[0].shape.
    return inner if root == "body" else f"{root}.{inner}"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
