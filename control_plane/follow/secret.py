"""Secrets of the upstream: references in the database, their text in files or variables only."""

import os
import re
from pathlib import Path

from bentos.contract.errors import ContractError

# What is read here is sent to the upstream, in an address. So these names are its own: with any
# name of the keys folder somebody could have our admin's key sent there.
_REFERENCE = re.compile(
    r"file:((?:upstream|growthbook)[A-Za-z0-9._-]{0,90})|env:(SIGNALBOX_FOLLOW_[A-Z0-9_]{1,80})"
)
EXPECTED = (
    "file:upstream<…> or file:growthbook<…> of the keys folder, or env:SIGNALBOX_FOLLOW_<NAME>"
)


def check_reference(text: str, field: str) -> str:
    """The reference; raises ContractError, without showing what may be the secret itself."""
    if not _REFERENCE.fullmatch(text):
        raise ContractError(field, EXPECTED, "something else")
    return text


def read_secret(reference: str, keys: Path) -> str:
    """Its text as it is now; raises ContractError."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ContractError("reference", EXPECTED, "something else")
    name, variable = match.groups()
    try:
        text = (keys / name).read_text(encoding="utf-8") if name else os.environ.get(variable, "")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(reference, "a readable file", type(error).__name__) from error
    if not text.strip():
        raise ContractError(reference, "a secret", "nothing")
    return text.strip()
