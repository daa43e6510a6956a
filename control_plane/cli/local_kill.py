"""The kill file of this machine's gateway: written, cleared, told to the control plane.

What cannot be asked of a control plane that is away (was this version ever promoted?) is
asked of the gateway: a version with running workers. Every command waits until all workers
of the gateway do as the file says, and its exit code tells.
"""

import fcntl
import getpass
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.local_kill import (
    MAX_BYTES,
    MAX_TEXT,
    LocalKill,
    LocalKills,
    decode,
    encode,
)
from control_plane.cli.api import call, load_settings
from control_plane.cli.exit_code import ExitCode
from control_plane.cli.output import fail

ASK_S = 2.0
OBEY_S = 10.0
Status = dict[str, Any]


def set_kill(model: str, version: str, reason: str) -> dict[str, Any]:
    """Write a kill and wait until every worker of the gateway obeys it."""
    _check_reason(reason)
    status = _status()
    if status is not None:
        _check_runs(status, model, version)
    now, actor = _now(), _actor()
    kill = LocalKill(
        id=str(uuid.uuid4()), model=model, version=version, reason=reason, actor=actor, at=now
    )
    with _only_writer() as path:
        known = _load(path)
        earlier = [_cleared(each, f"replaced by {kill.id}") for each in _of(known, model)]
        others = [each for each in known.kills if each not in _of(known, model)]
        _store(path, [*others, *earlier, kill])
    if status is None:
        where = load_settings().gateway_url
        fail(
            f"the kill is written, but the gateway at {where} cannot be reached: it looks at the "
            "kill when it runs",
            ExitCode.UNREACHABLE,
        )
    _wait(lambda now: _all_have(now, "local_kills", model, kill.id), "obey the kill")
    return msgspec.structs.asdict(kill)


def clear(model: str, reason: str) -> dict[str, Any]:
    """End a model's local kill; it stays in the file until the control plane knows of it."""
    _check_reason(reason)
    with _only_writer() as path:
        known = _load(path)
        standing = _of(known, model)
        if not standing:
            fail(f"{model}: expected a local kill in force, got none", ExitCode.BAD_INPUT)
        ended = [_cleared(each, reason) for each in standing]
        _store(path, [each for each in known.kills if each not in standing] + ended)
    if _status() is not None:
        _wait(lambda now: model not in now["local_kills"], "end the kill")
    return msgspec.structs.asdict(ended[-1])


def reconcile() -> dict[str, Any]:
    """Enter every local kill into the register, and let the control plane's take over."""
    known = _load(load_settings().local_kill_path)
    for kill in known.kills:
        call("POST", "/api/v1/kills/local", msgspec.structs.asdict(kill))
    standing = known.in_force()
    if standing:
        if _status() is None:
            where = load_settings().gateway_url
            fail(
                f"told, but the gateway at {where} cannot be asked whether it follows: the local "
                "kills stay",
                ExitCode.UNREACHABLE,
            )
        # Until the published kill has arrived everywhere, the local one must stand.
        _wait(
            lambda now: all(
                _all_have(now, "published_kills", model, kill.id)
                for model, kill in standing.items()
            ),
            "follow the published kill",
        )
    with _only_writer() as path:
        # What was set or cleared while this waited has not been told.
        untold = [each for each in _load(path).kills if each not in known.kills]
        if untold:
            _store(path, untold)
        else:
            path.unlink(missing_ok=True)
    return {"told": len(known.kills), "in_force": sorted(standing)}


def _check_runs(status: Status, model: str, version: str) -> None:
    lanes: dict[str, Any] = status["lanes"]
    running = sorted(
        tag for tag in lanes if lanes[tag]["reachable"] and tag.partition(":")[0] == model
    )
    if version not in running:
        fail(f"version: expected a running one of {running}, got {version!r}", ExitCode.BAD_INPUT)


def _all_have(status: Status, kind: str, model: str, kill: str) -> bool:
    """Whether every worker has this kill."""
    entry = status[kind].get(model)
    if entry is None or entry["id"] != kill:
        return False
    return bool(entry["workers"] == status["workers"])


def _wait(reached: Callable[[Status], bool], what: str) -> None:
    until = time.monotonic() + OBEY_S
    while time.monotonic() < until:
        status = _status()
        if status is not None and reached(status):
            return
        time.sleep(0.1)
    fail(f"not every worker of the gateway does {what}; see its log", ExitCode.FAILURE)


def _status() -> Status | None:
    """What the gateway says of itself; None when it cannot be reached."""
    url = load_settings().gateway_url.rstrip("/") + "/status"
    try:
        answer = httpx.get(url, timeout=ASK_S, trust_env=False)
        answer.raise_for_status()
        status: Status = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return None
    return status


def _of(known: LocalKills, model: str) -> list[LocalKill]:
    return [each for each in known.kills if each.model == model and each.cleared_at is None]


def _cleared(kill: LocalKill, reason: str) -> LocalKill:
    return msgspec.structs.replace(
        kill, cleared_at=_now(), cleared_by=_actor(), cleared_reason=reason
    )


def _check_reason(reason: str) -> None:
    """The control plane takes no longer one, and a kill it cannot be told stays for ever."""
    if len(reason) > MAX_TEXT:
        fail(
            f"--reason: expected at most {MAX_TEXT} characters, got {len(reason)}",
            ExitCode.BAD_INPUT,
        )


def _load(path: Path) -> LocalKills:
    try:
        return decode(path.read_bytes())
    except FileNotFoundError:
        return LocalKills()
    except (OSError, ContractError) as error:
        fail(f"{path}: {error}", ExitCode.BAD_INPUT)


@contextmanager
def _only_writer() -> Iterator[Path]:
    """The kill file, read and written by one command at a time: no kill is lost to another."""
    path = load_settings().local_kill_path
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield path
    finally:
        os.close(folder)


def _store(path: Path, kills: list[LocalKill]) -> None:
    """Whole or not at all, and for nobody's eyes but the gateway's."""
    content = encode(LocalKills(kills=tuple(kills)))
    if len(content) > MAX_BYTES:
        fail(
            f"{path}: expected at most {MAX_BYTES} bytes, got {len(content)}. Tell the control "
            "plane of the kills in it: signalbox kill --reconcile",
            ExitCode.FAILURE,
        )
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if os.geteuid() == 0:
            # Behind sudo the file would be root's, and the gateway could not read it.
            owner = path.parent.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _actor() -> str:
    """The person at this machine; behind sudo, whoever called it."""
    return f"local:{os.environ.get('SUDO_USER') or getpass.getuser()}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
