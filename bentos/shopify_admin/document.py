"""The GraphQL texts we send: one operation a file, in ``documents/``, loaded by name.

The first lines of a file are comments that the client reads:

    # cost: 2 + 9 s(first)   the requested cost, before Shopify said it (see :mod:`.cost`)
    # repeatable: why        a mutation that may be sent again though it may have been done
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from bentos.contract.errors import ContractError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_OPERATION = re.compile(r"^(?P<kind>query|mutation) (?P<name>\w+)", re.MULTILINE)
_DECLARED = re.compile(r"^(query|mutation) \w+\s*\([^)]*\)", re.MULTILINE)
_VARIABLE = re.compile(r"\$(\w+)")
_COMMENT = re.compile(r"^#.*\n", re.MULTILINE)
_COST = re.compile(
    r"^# cost: (?P<fixed>\d+)(?: \+ (?P<each>\d+) s\((?P<page>\w+)\))?$", re.MULTILINE
)
_REPEATABLE = re.compile(r"^# repeatable: \S.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cost:
    """The requested cost as a document states it: ``fixed + each * s(variables[page])``."""

    fixed: int
    each: int = 0
    page: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One operation. ``text`` is what is sent; ``repeatable`` counts for mutations only."""

    name: str
    text: str
    operation: str
    is_mutation: bool
    repeatable: bool
    cost: Cost

    def inlined(self, variables: Mapping[str, Any] | None = None) -> str:
        """The text with its variables written in: bulk operations take none.

        Raises ContractError for a variable without a value, and for a value too many.
        """
        given = variables or {}
        body = _DECLARED.sub(r"\1 " + self.operation, self.text)
        needed = set(_VARIABLE.findall(body))
        if needed != set(given):
            raise ContractError(f"{self.name}.graphql", f"values of {sorted(needed)}", list(given))
        return _VARIABLE.sub(lambda found: json.dumps(given[found[1]]), body)


@cache
def load(name: str) -> Document:
    """The document of ``documents/<name>.graphql``; raises ContractError."""
    if not _NAME.fullmatch(name):
        raise ContractError("document", "a name in lower case", name)
    place = files(__package__).joinpath("documents", f"{name}.graphql")
    if not place.is_file():
        raise ContractError("document", f"one of {names()}", name)
    return parse(name, place.read_text("utf-8"))


def names() -> list[str]:
    """Every document there is."""
    folder = files(__package__).joinpath("documents")
    found = [each.name for each in folder.iterdir() if each.name.endswith(".graphql")]
    return sorted(name.removesuffix(".graphql") for name in found)


def parse(name: str, source: str) -> Document:
    """A document of a file's text; raises ContractError unless it is one named operation."""
    text = _COMMENT.sub("", source).strip() + "\n"
    operations = list(_OPERATION.finditer(text))
    if len(operations) != 1:
        raise ContractError(f"{name}.graphql", "one named query or mutation", len(operations))
    stated = _COST.search(source)
    if stated is None:
        raise ContractError(f"{name}.graphql", "a line `# cost: N` or `# cost: N + M s(first)`", "")
    cost = Cost(int(stated["fixed"]), int(stated["each"] or 0), stated["page"])
    kind, operation = operations[0]["kind"], operations[0]["name"]
    repeatable = _REPEATABLE.search(source) is not None
    return Document(name, text, operation, kind == "mutation", repeatable, cost)
