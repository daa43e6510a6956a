"""What the last night that passed looked like, for the comparison with tonight. One a source."""

from datetime import datetime
from pathlib import Path

import msgspec

from training.lake import load_record, save_record

STEP = "nightly-accepted"


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """Columns of the source and the moment of its newest order."""

    columns: dict[str, str]
    last: datetime


def load(lake: Path, source: str) -> Accepted | None:
    """The last accepted night of a source, or None."""
    return load_record(lake, STEP, _key(source), Accepted)


def save(lake: Path, source: str, accepted: Accepted) -> None:
    """Remember tonight as accepted."""
    save_record(lake, STEP, _key(source), accepted)


def _key(source: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in source)[-32:]
