"""The three parts of what is shipped, as Arrow schemas, and how their files are called."""

from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote, unquote
from uuid import UUID

import pyarrow as pa

from bentos.contract.decision import Decision, PersonalPart, ShadowOutcome
from bentos.contract.errors import ContractError
from bentos.decision_lake.columns import columns

# ``at`` as engines know it; not part of what is hashed.
TIME_COLUMN = "time"


class Part(StrEnum):
    """A folder of the lake."""

    PUBLIC = "public"
    PERSONAL = "personal"
    SHADOW = "shadow"


PUBLIC = pa.schema([*columns(Decision), pa.field(TIME_COLUMN, pa.timestamp("us", tz="UTC"))])
PERSONAL = pa.schema(
    [
        pa.field("decision_id", pa.string()),
        pa.field("seq", pa.int64()),
        *columns(PersonalPart),
    ]
)
SHADOW = pa.schema(columns(ShadowOutcome))


def partition_of(day: str, model: str) -> str:
    """``day=2026-11-24/model=fraud``."""
    return f"day={quote(day, safe='')}/model={quote(model, safe='')}"


def parse_partition(path: str) -> tuple[str, str]:
    """Day and model of a file's path; raises ContractError for a path without them."""
    members = dict(part.split("=", 1) for part in path.split("/") if "=" in part)
    try:
        return unquote(members["day"]), unquote(members["model"])
    except KeyError as error:
        raise ContractError("path", "…/day=…/model=…/….parquet", path) from error


def moment_of(decision_id: str) -> datetime | None:
    """When a UUIDv7 was made (RFC 9562 §5.7: 48 bits of milliseconds); None for any other text."""
    try:
        identifier = UUID(decision_id)
    except ValueError:
        return None
    if identifier.version != 7:
        return None
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)


def segment_file(gateway: str, boot: str, first_seq: int) -> str:
    """Names a segment's files: the same segment, the same files."""
    return f"{gateway}-{boot}-{first_seq:012d}"
