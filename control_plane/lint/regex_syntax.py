"""Reads a regular expression in the dialect that Python's ``re`` and JavaScript's ``RegExp`` share.

Whatever one of them refuses, or the two read differently, is refused here with the reason:
named groups, look-behind, inline flags, possessive quantifiers, references, ``\\A``, ``\\Z``.
"""

from dataclasses import dataclass

from control_plane.lint.character_set import ANY, CLASSES, Ranges, complement, merged

MAX_LENGTH = 500
MAX_DEPTH = 20
MAX_COUNT = 1000
_CONTROL = {"n": 10, "r": 13, "t": 9, "f": 12, "v": 11}
_HEX = {"x": 2, "u": 4}
_BASIC_PLANE = 0xFFFF


class DialectError(ValueError):
    """What the two do not both take; says what was met and where."""


@dataclass(frozen=True)
class Characters:
    """One character of a set."""

    ranges: Ranges


@dataclass(frozen=True)
class Anchor:
    """Matches no character. ``start``: of the text."""

    start: bool = False


@dataclass(frozen=True)
class Ahead:
    """A look-ahead; matches no character itself."""

    inner: "Node"


@dataclass(frozen=True)
class Sequence:
    """One after the other."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Choice:
    """One of them."""

    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Repeat:
    """``low`` to ``high`` times; None: without end."""

    inner: "Node"
    low: int
    high: int | None


Node = Characters | Anchor | Ahead | Sequence | Choice | Repeat


def parse_regex(pattern: str) -> Node:
    """The pattern as a tree; raises DialectError."""
    if len(pattern) > MAX_LENGTH:
        raise DialectError(f"{len(pattern)} characters, more than {MAX_LENGTH}")
    return _Reader(pattern).read()


class _Reader:
    """Reads from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0

    def read(self) -> Node:
        node = self._choice()
        if self._at < len(self._text):
            raise self._error("a ) that closes nothing")
        return node

    def _peek(self, text: str) -> bool:
        return self._text.startswith(text, self._at)

    def _take(self, text: str) -> bool:
        found = self._peek(text)
        self._at += len(text) if found else 0
        return found

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise self._error("an end in the middle of something")
        self._at += 1
        return self._text[self._at - 1]

    def _error(self, met: str) -> DialectError:
        return DialectError(f"{met}, at character {self._at + 1}")

    def _choice(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"groups more than {MAX_DEPTH} deep")
        parts = [self._sequence()]
        while self._take("|"):
            parts.append(self._sequence())
        self._depth -= 1
        return parts[0] if len(parts) == 1 else Choice(tuple(parts))

    def _sequence(self) -> Node:
        parts: list[Node] = []
        while self._at < len(self._text) and not self._peek("|") and not self._peek(")"):
            parts.append(self._repeated(self._atom()))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _repeated(self, node: Node) -> Node:
        bounds = self._bounds()
        if bounds is None:
            return node
        if isinstance(node, Anchor | Ahead):
            raise self._error("a repetition of what matches no character")
        if self._peek("+"):
            raise self._error("a possessive quantifier, which JavaScript has not")
        self._take("?")
        if any(self._peek(each) for each in "*+?") or self._bounds() is not None:
            raise self._error("a repetition of a repetition")
        return Repeat(node, *bounds)

    def _bounds(self) -> tuple[int, int | None] | None:
        for sign, bounds in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._take(sign):
                return bounds
        end = self._text.find("}", self._at)
        if not self._peek("{") or end < 0:
            return None
        low, comma, high = self._text[self._at + 1 : end].partition(",")
        if not low and high.isdecimal():
            raise self._error("{,n}, which is text to JavaScript: write {0,n}")
        if not _is_count(low) or (high and not _is_count(high)):
            return None  # both read it as text
        self._at = end + 1
        least, most = int(low), int(high) if high else None if comma else int(low)
        if max(least, most or 0) > MAX_COUNT or (most is not None and most < least):
            raise self._error(f"a repetition that is upside down or above {MAX_COUNT}")
        return least, most

    def _atom(self) -> Node:
        if self._take("("):
            return self._group()
        if self._take("["):
            return Characters(self._class())
        character = self._next()
        if character == "\\":
            return self._escape()
        if character in "*+?":
            raise self._error("a quantifier with nothing before it")
        if character in "^$":
            return Anchor(start=character == "^")
        if character == "{":
            self._at -= 1
            if self._bounds() is not None:
                raise self._error("a quantifier with nothing before it")
            self._at += 1
        return Characters(ANY if character == "." else self._single(ord(character)))

    def _single(self, code: int) -> Ranges:
        if code > _BASIC_PLANE and any(self._peek(each) for each in "*+?{"):
            raise self._error(
                "a repeated character beyond U+FFFF, half of which JavaScript repeats"
            )
        return ((code, code),)

    def _group(self) -> Node:
        ahead = self._take("?=") or self._take("?!")
        if not ahead and not self._take("?:") and self._peek("?"):
            raise self._error("a group other than (…), (?:…), (?=…) and (?!…)")
        inner = self._choice()
        if not self._take(")"):
            raise self._error("a ( that nothing closes")
        return Ahead(inner) if ahead else inner

    def _escape(self) -> Node:
        character = self._next()
        if character in "bB":
            return Anchor()
        if character in CLASSES:
            return Characters(CLASSES[character])
        return Characters(self._single(self._code(character)))

    def _code(self, character: str) -> int:
        """The one character an escape stands for."""
        if character in _CONTROL:
            return _CONTROL[character]
        if character in _HEX:
            digits = self._text[self._at : self._at + _HEX[character]]
            if len(digits) < _HEX[character] or not all(
                d in "0123456789abcdefABCDEF" for d in digits
            ):
                raise self._error(f"\\{character} without {_HEX[character]} hex digits")
            self._at += len(digits)
            return int(digits, 16)
        if character.isascii() and character.isalnum():
            raise self._error(f"\\{character}, which Python and JavaScript read differently")
        return ord(character)

    def _class(self) -> Ranges:
        negated = self._take("^")
        if self._peek("]"):
            raise self._error("an empty class, which Python refuses")
        found: list[tuple[int, int]] = []
        while not self._take("]"):
            found.extend(self._members())
        ranges = merged(found)
        return complement(ranges) if negated else ranges

    def _members(self) -> Ranges:
        low = self._member()
        if not self._peek("-") or self._peek("-]"):
            return low if isinstance(low, tuple) else ((low, low),)
        self._next()
        high = self._member()
        if isinstance(low, tuple) or isinstance(high, tuple) or high < low:
            raise self._error("a range that is upside down or ends in a class")
        return ((low, high),)

    def _member(self) -> int | Ranges:
        character = self._next()
        if character == "\\":
            character = self._next()
            if character in CLASSES:
                return CLASSES[character]
            return 8 if character == "b" else self._code(character)
        if ord(character) > _BASIC_PLANE:
            raise self._error("a character beyond U+FFFF in a class, which JavaScript cuts in two")
        return ord(character)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 4
