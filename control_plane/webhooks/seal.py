"""Webhooks' secrets at rest: under ``keys/webhooks.key``, not in the database (bentos/seal.py).

A secret must be known in clear to sign with it, so a digest will not do (docs/webhooks.md).
"""

from pathlib import Path

from bentos import seal
from bentos.seal import UnreadableError

__all__ = ["NAME", "Seal", "UnreadableError", "load_seal", "make_key"]

NAME = "webhooks.key"


class Seal(seal.Seal):
    """Seals and opens what webhooks sign with; ``keys`` newest first."""

    def __init__(self, keys: list[bytes], name: str = NAME) -> None:
        super().__init__(keys, name)


def make_key(folder: Path) -> list[Path]:
    """Write ``webhooks.key`` unless it is there; returns what was written now."""
    return seal.make_key(folder / NAME)


def load_seal(folder: Path) -> Seal:
    """Read the key file; raises ContractError."""
    return Seal(seal.load_keys(folder / NAME, "signalbox init makes one."))
