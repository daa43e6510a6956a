"""Key files in a backup: an installation does not go on without them.

``documents.key`` signs what gateways take, ``register.key`` the register, ``pseudonym.key``
names shoppers in the lake. They are left out unless asked for: a backup with them is as secret
as they are.
"""

from pathlib import Path

from bentos.contract.errors import ContractError
from bentos.whole_file import write_whole
from control_plane.backup.archive import ArchiveReader
from control_plane.errors import ConflictError

NEEDED = ("documents.key", "pseudonym.key")


def check_keys(folder: Path, reader: ArchiveReader, *, replace: bool) -> None:
    """Raise ContractError when neither the home nor the backup has what is needed, and
    ConflictError for a file that differs, unless it may be replaced."""
    held = reader.manifest.keys
    for name in held:
        if Path(name).name != name:
            raise ContractError("manifest.keys", "names of files", name)
    for name in NEEDED:
        if not (folder / name).is_file() and name not in held:
            raise ContractError(
                str(folder / name),
                "a key file, there or in the backup",
                "none",
                "Put the home's keys back from where they are kept. With new ones (signalbox "
                "init) gateways must be given documents.pub, and shoppers get new pseudonyms.",
            )
    differing = [n for n in held if _content(folder / n) not in (None, reader.key(n))]
    if differing and not replace:
        names = ", ".join(sorted(differing))
        raise ConflictError(f"{folder} holds other keys ({names}): say --replace to give them up")


def restore_keys(folder: Path, reader: ArchiveReader) -> list[str]:
    """Write the backup's key files that are not there as they are; returns their names."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = []
    for name in sorted(reader.manifest.keys):
        content = reader.key(name)
        if _content(folder / name) != content:
            mode = 0o644 if name.endswith(".pub") else 0o600
            write_whole(folder / name, content.decode(), mode)
            written.append(name)
    return written


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
