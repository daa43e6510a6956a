"""RFC 8785 canonical JSON (JCS): the bytes behind every digest and signature.

The input is what ``json`` produces: dict, list, tuple, str, int, float, bool, None.
Struct-typed records are turned into builtins first (``as_builtins``).
"""

import hashlib
import math
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any

import msgspec

from bentos.contract.errors import ContractError

# RFC 8785 §3.2.2.3: numbers are IEEE 754 doubles, so larger integers would not survive.
MAX_INTEGER = 2**53 - 1
# Where Python's repr of a float that is no integer is what ECMA-262 writes: no exponent.
_REPR_MIN, _REPR_MAX = 1e-4, 1e15
# ECMA-262 Number::toString switches to exponents outside these powers of ten.
MAX_PLAIN_EXPONENT = 21
MIN_PLAIN_EXPONENT = -7


def canonical_json(value: Any) -> bytes:
    """Encode a JSON value as RFC 8785 bytes.

    Raises ContractError for what JSON cannot say (NaN, infinities, other types),
    for integers beyond ±(2**53 - 1) and for nesting deeper than the stack.
    """
    try:
        return _encode(_plain(value))
    except (_NotPlain, RecursionError, UnicodeEncodeError):
        # Rare values, and every error: told by the writer that knows the path.
        return _canonical(value)


def _canonical(value: Any) -> bytes:
    parts: list[str] = []
    try:
        _write(value, parts, "$")
        return "".join(parts).encode("utf-8")
    except RecursionError as error:
        raise ContractError("$", "nesting the stack can hold", "deeper nesting") from error
    except UnicodeEncodeError as error:
        raise ContractError("$", "well-formed Unicode", "a lone surrogate") from error


def as_builtins(record: Any) -> Any:
    """Turn a msgspec Struct (or any nesting of them) into plain JSON values.

    Raises ContractError for keys and values that have no such form.
    """
    try:
        return msgspec.to_builtins(record, str_keys=True)
    except (TypeError, RecursionError) as error:
        raise ContractError("$", "what JSON has a form for", type(record).__name__) from error


def digest(record: Any) -> str:
    """SHA-256, in hex, over the canonical JSON of a record or JSON value."""
    return hashlib.sha256(canonical_json(as_builtins(record))).hexdigest()


class _NotPlain(Exception):
    """msgspec's encoder would not write this value as RFC 8785 does."""


_encode = msgspec.json.Encoder(order="sorted").encode
_LEAST = -MAX_INTEGER
_AS_THEY_ARE = frozenset({str, bool, type(None)})


def _plain(value: Any) -> Any:
    """The value as msgspec's (compiled) encoder writes it canonically.

    Strings are escaped alike by both. ASCII keys sort alike by code point and by UTF-16 unit.
    """
    kind = type(value)
    if kind is dict and _plain_keys(value):
        # Most members are strings or small numbers, and not worth a call each.
        return {
            key: item
            if (of := type(item)) in _AS_THEY_ARE or (of is int and _LEAST <= item <= MAX_INTEGER)
            else _plain(item)
            for key, item in value.items()
        }
    if kind is list or kind is tuple:
        return [
            item
            if (of := type(item)) in _AS_THEY_ARE or (of is int and _LEAST <= item <= MAX_INTEGER)
            else _plain(item)
            for item in value
        ]
    if kind is float:
        return _plain_float(value)
    if kind in _AS_THEY_ARE or (kind is int and _LEAST <= value <= MAX_INTEGER):
        return value
    raise _NotPlain


def _plain_keys(value: dict[Any, Any]) -> bool:
    try:
        return "".join(value).isascii()
    except TypeError:
        return False


def _plain_float(value: float) -> int | float:
    # Also false for what is not finite.
    if not -_REPR_MAX < value < _REPR_MAX:
        raise _NotPlain
    if value.is_integer():
        return int(value)
    if -_REPR_MIN < value < _REPR_MIN:
        raise _NotPlain
    return value


def _write(value: Any, parts: list[str], path: str) -> None:
    if value is None:
        parts.append("null")
    elif isinstance(value, bool):
        parts.append("true" if value else "false")
    elif isinstance(value, str):
        parts.append(encode_basestring(value))
    elif isinstance(value, int):
        parts.append(_integer(value, path))
    elif isinstance(value, float):
        parts.append(_number(value, path))
    elif isinstance(value, dict):
        _write_object(value, parts, path)
    elif isinstance(value, list | tuple):
        _write_array(value, parts, path)
    else:
        raise ContractError(path, "a JSON value", value)


def _write_object(value: dict[Any, Any], parts: list[str], path: str) -> None:
    for key in value:
        if not isinstance(key, str):
            raise ContractError(path, "string keys", key)
    separator = "{"
    # RFC 8785 §3.2.3: sorted by UTF-16 code units, not by code points.
    for key in sorted(value, key=_utf16_order):
        parts.append(separator)
        parts.append(encode_basestring(key))
        parts.append(":")
        _write(value[key], parts, f"{path}.{key}")
        separator = ","
    parts.append("}" if value else "{}")


def _write_array(value: list[Any] | tuple[Any, ...], parts: list[str], path: str) -> None:
    separator = "["
    for index, item in enumerate(value):
        parts.append(separator)
        _write(item, parts, f"{path}[{index}]")
        separator = ","
    parts.append("]" if value else "[]")


def _utf16_order(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _integer(value: int, path: str) -> str:
    if abs(value) > MAX_INTEGER:
        raise ContractError(path, "an integer within ±(2**53 - 1)", value)
    return str(int(value))


def _number(value: float, path: str) -> str:
    """Format a double as ECMA-262 Number::toString does (RFC 8785 §3.2.2.3)."""
    if not math.isfinite(value):
        raise ContractError(path, "a finite number", value)
    if value == 0:
        return "0"
    sign, digit_tuple, exponent = Decimal(repr(value)).normalize().as_tuple()
    digits = "".join(map(str, digit_tuple))
    point = len(digits) + int(exponent)
    text = _place_point(digits, point)
    return f"-{text}" if sign else text


def _place_point(digits: str, point: int) -> str:
    if len(digits) <= point <= MAX_PLAIN_EXPONENT:
        return digits + "0" * (point - len(digits))
    if 0 < point <= MAX_PLAIN_EXPONENT:
        return f"{digits[:point]}.{digits[point:]}"
    if MIN_PLAIN_EXPONENT < point - 1 < 0:
        return f"0.{'0' * -point}{digits}"
    mantissa = digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}"
    return f"{mantissa}e{point - 1:+d}"
