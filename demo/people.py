"""Two persons and a caller, each with a key of their own, kept between runs (0600)."""

import os
from pathlib import Path

import msgspec

from demo.control_plane import ControlPlane
from demo.errors import DemoError


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """API keys: the author proposes and ramps, the approver approves, shoppers call."""

    author: str
    approver: str
    caller: str


AUTHOR: dict[str, object] = {
    "id": "ada",
    "name": "Ada (data scientist, author)",
    "roles": ["data_scientist", "release_manager"],
}
APPROVER: dict[str, object] = {
    "id": "grace",
    "name": "Grace (release manager, approver)",
    "roles": ["approver"],
}
CALLER: dict[str, object] = {"name": "demo storefront", "models": ["*"], "scopes": ["infer"]}


async def keys(control_plane: ControlPlane, home: Path, shop: str) -> Keys:
    """The demo's keys: those of an earlier run if the control plane still knows them."""
    path = home / "demo" / "keys.json"
    admin = service_key(home, "admin")
    if path.exists():
        stored = msgspec.json.decode(path.read_bytes(), type=Keys)
        if await _known(control_plane, stored):
            return stored
    made = Keys(
        author=await _person(control_plane, admin, AUTHOR),
        approver=await _person(control_plane, admin, APPROVER),
        caller=(await control_plane.post("/api/v1/callers", admin, {**CALLER, "shop": shop}))[
            "key"
        ],
    )
    write_private(path, msgspec.json.encode(made))
    return made


def service_key(home: Path, name: str) -> str:
    """A key that ``signalbox init`` wrote."""
    path = home / "keys" / f"{name}.key"
    if not path.is_file():
        raise DemoError(f"{path}: expected a key, got no file; did `signalbox init` run?")
    return path.read_text().strip()


def write_private(path: Path, data: bytes) -> None:
    """Write a file only this user can read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as stream:
        stream.write(data)
    temporary.replace(path)


async def _known(control_plane: ControlPlane, stored: Keys) -> bool:
    for key in (stored.author, stored.approver):
        try:
            await control_plane.get("/api/v1/models", key)
        except DemoError:
            return False
    return True


async def _person(control_plane: ControlPlane, admin: str, person: dict[str, object]) -> str:
    known = await control_plane.get("/api/v1/people?limit=1000", admin)
    if person["id"] not in {entry["id"] for entry in known}:
        await control_plane.post("/api/v1/people", admin, person)
    answer = await control_plane.post(f"/api/v1/people/{person['id']}/keys", admin)
    key: str = answer["key"]
    return key
