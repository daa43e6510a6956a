"""Shopify's search syntax as a tree: what is asked, not yet of what.

https://shopify.dev/docs/api/usage/search-syntax. Nothing is refused: text that is no term is
left out, as Shopify does.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

_TOKEN = re.compile(
    r"""\s*(?:(?P<bracket>[()])|(?P<not>-(?=\S)|NOT\b)|(?P<or>OR\b)|(?P<and>AND\b)
    |(?:(?P<field>[A-Za-z_][\w.]*):)?
     (?P<sign>>=|<=|>|<)?(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s()]+)))""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Term:
    """``field:<sign>value``; without a field, of all texts; the sign of equality is ``=``."""

    field: str | None
    sign: str
    value: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold; None where the text ends behind it."""

    part: "Query | None"


@dataclass(frozen=True, slots=True)
class Every:
    """All of several."""

    parts: tuple["Query", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of several."""

    parts: tuple["Query", ...]


Query: TypeAlias = Term | Not | Every | Either


def parsed(text: str | None) -> Query | None:
    """The tree of a text; None where it asks for nothing."""
    tokens = [match for match in _TOKEN.finditer(text or "") if match[0].strip()]
    return _Parser(tokens).either() if tokens else None


@dataclass(slots=True)
class _Parser:
    tokens: list[re.Match[str]]
    place: int = 0

    def either(self) -> Query | None:
        parts = [self.every()]
        while self._accept("or"):
            parts.append(self.every())
        there = tuple(part for part in parts if part is not None)
        return Either(there) if len(there) > 1 else next(iter(there), None)

    def every(self) -> Query | None:
        parts: list[Query] = []
        while (token := self._peek()) is not None and token["bracket"] != ")" and not token["or"]:
            if not self._accept("and"):
                part = self.one()
                parts += [] if part is None else [part]
        return Every(tuple(parts)) if len(parts) > 1 else next(iter(parts), None)

    def one(self) -> Query | None:
        if self._accept("not"):
            return Not(self.one() if self._peek() is not None else None)
        token = self.tokens[self.place]
        self.place += 1
        if token["bracket"] == "(":
            inside = self.either()
            following = self._peek()
            if following is not None and following["bracket"] == ")":
                self.place += 1
            return inside
        said = (token[name] for name in ("double", "single") if token[name] is not None)
        quoted = next(said, None)
        value = token["bare"] or "" if quoted is None else quoted
        return Term(token["field"], token["sign"] or "=", value, quoted is not None)

    def _peek(self) -> re.Match[str] | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _accept(self, group: str) -> bool:
        token = self._peek()
        if token is None or not token[group]:
            return False
        self.place += 1
        return True
