"""What the control plane wants running, and its last known copy on disk."""

from pathlib import Path

import msgspec

from bentos.contract.errors import ContractError
from bentos.whole_file import write_whole


class DesiredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version and how many workers of it; ``bento_digest`` is SHA-256 hex.

    ``priority``: ``shadow`` for a version no caller hears from; anything else is ``live``.
    """

    version: str
    model: str
    bento_digest: str
    replicas: int = 1
    priority: str = "live"


class Desired(msgspec.Struct, frozen=True, kw_only=True):
    """Every version that must run; whatever is not named here is drained and stopped."""

    versions: tuple[DesiredVersion, ...] = ()


def decode_desired(data: bytes, origin: str) -> Desired:
    """Decode the desired state; raises ContractError naming ``origin`` and the broken member."""
    try:
        desired = msgspec.json.decode(data, type=Desired)
    except msgspec.MsgspecError as error:
        raise ContractError(origin, "a desired state", str(error)) from error
    for entry in desired.versions:
        if entry.replicas < 0:
            raise ContractError(f"{origin} {entry.version}.replicas", "≥ 0", entry.replicas)
    return desired


class DesiredFile:
    """The last desired state on disk: with it the fleet starts with no control plane."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Desired | None:
        """The stored state, or None where nothing was stored yet; raises ContractError."""
        if not self._path.exists():
            return None
        return decode_desired(self._path.read_bytes(), str(self._path))

    def store(self, data: bytes) -> None:
        """Replace the file in one step, so a killed fleet leaves the old or the new state."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self._path, data)
