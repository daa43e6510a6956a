"""What ingress and control plane tell each other of a request, in files of the home.

    redactions/requests/<id>.json        what is to be erased (``bentos/redaction_files.py``)
    redactions/data_requests/<id>.json   whose data is asked for: the same form, erased by nobody
    redactions/ingress/<id>.json         the ingress's note: what Shopify asked, what is erased here

Files, so that the process that faces the internet needs no right to write the control plane's
tables. The first two name pseudonyms and go when the request is closed; the note names nobody.
"""

import time
from contextlib import suppress
from pathlib import Path

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.redaction import RedactionRequest, check_id, encode
from bentos.redaction_files import hindrance_path, read_request, request_path
from bentos.whole_file import left_behind, write_whole

FOLDER = "redactions"
DATA_REQUESTS = "data_requests"
INGRESS = "ingress"
LEFT_BEHIND_S = 600.0
"""Nobody writes a file so long."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """``removed``: place → rows that are gone from what the ingress keeps; complete once
    ``erased_at`` is there."""

    id: str
    topic: str = ""
    domain: str = ""
    data_request: int | None = None
    erased_at: str | None = None
    removed: dict[str, int] = {}


def note_path(home: Path, request_id: str) -> Path:
    """A note's file; raises ContractError for an id that is no file's name."""
    check_id(request_id)
    return home / FOLDER / INGRESS / f"{request_id}.json"


def read_note(home: Path, request_id: str) -> Note | None:
    """The ingress's note of a request, or None; raises ContractError for a damaged one."""
    path = note_path(home, request_id)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Note)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ContractError(str(path), "a note of the ingress", str(error)) from error


def write_note(home: Path, note: Note) -> None:
    """Write it whole, in place of the one before."""
    _write(note_path(home, note.id), msgspec.json.encode(note))


def data_request_path(home: Path, request_id: str) -> Path:
    """A data request's file; raises ContractError for an id that is no file's name."""
    check_id(request_id)
    return home / FOLDER / DATA_REQUESTS / f"{request_id}.json"


def write_data_request(home: Path, request: RedactionRequest) -> None:
    """Write it whole; raises ContractError for one that names nobody."""
    _write(data_request_path(home, request.id), encode(request))


def data_request_files(home: Path) -> list[Path]:
    """Files of all data requests that lie there, by name."""
    return sorted((home / FOLDER / DATA_REQUESTS).glob("*.json"))


def readable_data_requests(home: Path) -> list[RedactionRequest]:
    """Those of them that can be read: a damaged one keeps nobody else's request open."""
    found = []
    for path in data_request_files(home):
        with suppress(ContractError):
            found.append(read_request(path))
    return found


def has_wish(home: Path, request_id: str) -> bool:
    """Whether anything says whom a request names."""
    return any(path.exists() for path in _wish_paths(home, request_id))


def read_wish(home: Path, request_id: str) -> RedactionRequest | None:
    """Whom a request names, of either kind; None once its file is gone."""
    for path in _wish_paths(home, request_id):
        if path.exists():
            return read_request(path)
    return None


def remove_wish(home: Path, request_id: str) -> None:
    """The request is closed: nothing names its subject any more."""
    for path in (*_wish_paths(home, request_id), hindrance_path(home, request_id)):
        path.unlink(missing_ok=True)


def remove_left_behind(home: Path) -> None:
    """What was half-written when its writer was killed: it names somebody, and no request is
    closed that would take it along."""
    for folder in (request_path(home, "x").parent, data_request_path(home, "x").parent):
        for path in left_behind(folder):
            with suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > LEFT_BEHIND_S:
                    path.unlink()


def _wish_paths(home: Path, request_id: str) -> tuple[Path, Path]:
    return request_path(home, request_id), data_request_path(home, request_id)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, content.decode())
