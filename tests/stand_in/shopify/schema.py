"""Shopify's own schema, as its npm package publishes it: types, needed scopes, protected fields."""

import gzip
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_client_schema

FOLDER = Path(__file__).parent
PUBLISHED = FOLDER / "node_modules" / "@shopify" / "dev-mcp" / "dist" / "data"
NEWEST = "2026-10"
_SCOPE = re.compile(r"`((?:read|write)_[a-z_]+)`")


@dataclass(frozen=True, slots=True, eq=False)
class AdminSchema:
    """One version. Keys are (type, field), the field empty for the type itself."""

    schema: GraphQLSchema
    access: dict[tuple[str, str], str]
    "What the docs call required access, in words."
    protected: frozenset[tuple[str, str]]
    "Personal data: not even nameable without Shopify's approval, level 2."

    def scopes(self, key: tuple[str, str]) -> frozenset[str]:
        """Scopes one of which is needed; none if there are none."""
        return frozenset(_SCOPE.findall(self.access.get(key, "").partition(" Also:")[0]))


def installed() -> bool:
    """Whether the package is there."""
    return (PUBLISHED / f"admin_{NEWEST}.json.gz").is_file()


@cache
def load(version: str) -> AdminSchema:
    """The schema of a version; of one that is not published yet, the newest."""
    file = PUBLISHED / f"admin_{version}.json.gz"
    if not file.is_file():
        file = PUBLISHED / f"admin_{NEWEST}.json.gz"
    with gzip.open(file) as stream:
        said = json.load(stream)["data"]
    access: dict[tuple[str, str], str] = {}
    protected: set[tuple[str, str]] = set()
    for kind in said["__schema"]["types"]:
        _note(access, (kind["name"], ""), kind)
        for field in kind.get("fields") or ():
            _note(access, (kind["name"], field["name"]), field)
            if field.get("isProtected"):
                protected.add((kind["name"], field["name"]))
    # Shopify made it; checking three thousand types takes longer than using them.
    return AdminSchema(build_client_schema(said, assume_valid=True), access, frozenset(protected))


def _note(access: dict[tuple[str, str], str], key: tuple[str, str], said: dict[str, Any]) -> None:
    if said.get("requiredAccess"):
        access[key] = said["requiredAccess"].strip()
