"""Where redactions lie: requests in the home, what training made of them in the lake.

    <home>/redactions/requests/<id>.json   a request; written by the control plane, 0600
    <home>/redactions/training/<id>.json   why training could not end it when it last tried
    <lake>/redactions/<id>.json            its record; written by training, last of all

Both are written whole and flushed. A request without a record is not honoured yet. A request's
file names pseudonyms, so the control plane removes it when it closes the request; the record
stays, and training takes a request whose record lies there as done.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bentos import whole_file
from bentos.contract.errors import ContractError
from bentos.contract.redaction import (
    Hindrance,
    RedactionRecord,
    RedactionRequest,
    check_id,
    decode_hindrance,
    decode_record,
    decode_request,
    encode,
)

MODE = 0o600
File = TypeVar("File", RedactionRequest, RedactionRecord, Hindrance)


def request_path(home: Path, request_id: str) -> Path:
    """A request's file; raises ContractError for an id that is no file's name."""
    check_id(request_id)
    return home / "redactions" / "requests" / f"{request_id}.json"


def record_path(lake: Path, request_id: str) -> Path:
    """The file of a request's record; raises ContractError for an id that is no file's name."""
    check_id(request_id)
    return lake / "redactions" / f"{request_id}.json"


def write_request(home: Path, request: RedactionRequest) -> Path:
    """Write a request whole and flushed; raises ContractError for one that cannot be honoured."""
    return _write(request_path(home, request.id), encode(request))


def write_record(lake: Path, record: RedactionRecord) -> Path:
    """Write a record whole and flushed; raises ContractError for one that breaks a rule."""
    return _write(record_path(lake, record.id), encode(record))


def read_request(path: Path) -> RedactionRequest:
    """Read a request; raises ContractError that names the file and the field."""
    return _read(path, decode_request, "a redaction's request")


def read_record(path: Path) -> RedactionRecord:
    """Read a record; raises ContractError that names the file and the field."""
    return _read(path, decode_record, "a redaction's record")


def hindrance_path(home: Path, request_id: str) -> Path:
    """Where training says what keeps it from the end of a request; raises ContractError for an id
    that is no file's name."""
    check_id(request_id)
    return home / "redactions" / "training" / f"{request_id}.json"


def write_hindrance(home: Path, hindrance: Hindrance) -> Path:
    """Write it whole, in place of the one before; raises ContractError for a breach of a rule."""
    return _write(hindrance_path(home, hindrance.id), encode(hindrance))


def hindrance_of(home: Path, request_id: str) -> Hindrance | None:
    """What keeps training from the end of a request, None where nothing does that it knows of."""
    path = hindrance_path(home, request_id)
    return _read(path, decode_hindrance, "a redaction's hindrance") if path.exists() else None


def request_files(home: Path) -> list[Path]:
    """Files of all requests that lie there, by name."""
    return sorted((home / "redactions" / "requests").glob("*.json"))


def record_files(lake: Path) -> list[Path]:
    """Files of all records, by name."""
    return sorted((lake / "redactions").glob("*.json"))


def record_of(lake: Path, request_id: str) -> RedactionRecord | None:
    """A request's record, or None while training has not honoured it."""
    path = record_path(lake, request_id)
    return read_record(path) if path.exists() else None


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole_file.write_whole(path, content.decode("utf-8"), MODE)
    return path


def _read(path: Path, decode: Callable[[bytes], File], what: str) -> File:
    try:
        file = decode(path.read_bytes())
    except (ContractError, OSError) as error:
        raise ContractError(str(path), what, str(error)) from error
    if path.stem != file.id:
        raise ContractError(f"{path}: id", f"the file's name, {path.stem}", file.id)
    return file
