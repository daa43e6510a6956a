"""The socket a bento worker listens on: a Unix path, an inherited descriptor, or host and port."""

import contextlib
import os
import socket
import stat
from dataclasses import dataclass
from pathlib import Path

from bentos.contract.errors import ContractError

# sockaddr_un holds 108 bytes with the closing zero; the temporary name is longer than the path.
MAX_PATH_BYTES = 100
BACKLOG = 2048


@dataclass
class WorkerSocket:
    """A bound socket, not yet listening. ``path`` exists from ``publish`` on.

    A file at ``path`` is left by a worker that died, unless somebody answers there: then
    ContractError is raised and nothing is touched.
    """

    sock: socket.socket
    path: Path | None = None
    hidden: Path | None = None
    published: tuple[int, int] | None = None

    @classmethod
    def unix(cls, path: Path) -> "WorkerSocket":
        """Bind beside ``path``; only this user may connect."""
        path = path.absolute()
        if len(os.fsencode(path)) > MAX_PATH_BYTES:
            raise ContractError("--uds", f"a path of at most {MAX_PATH_BYTES} bytes", str(path))
        if not path.parent.is_dir():
            raise ContractError("--uds", "a path in an existing directory", str(path))
        _refuse_if_taken(path)
        hidden = path.with_name(f".{os.getpid()}")
        hidden.unlink(missing_ok=True)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(str(hidden))
        hidden.chmod(0o600)
        return cls(sock, path, hidden)

    @classmethod
    def inherited(cls, descriptor: int) -> "WorkerSocket":
        """Take over a socket the parent opened."""
        try:
            return cls(socket.socket(fileno=descriptor))
        except OSError as error:
            raise ContractError("--fd", "an inherited socket", descriptor, str(error)) from error

    @classmethod
    def internet(cls, host: str, port: int) -> "WorkerSocket":
        """Bind to host and port; port 0 lets the system choose."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except OSError as error:
            sock.close()
            raise ContractError("--host/--port", "a free address", f"{host}:{port}") from error
        return cls(sock)

    def publish(self) -> None:
        """Let the path appear, at once and in place of a stale one: whoever sees it can connect."""
        if self.path is not None and self.hidden is not None:
            self.hidden.rename(self.path)
            self.hidden = None
            self.published = _identity(self.path)

    def withdraw(self) -> None:
        """Take the path away, unless another worker has replaced it meanwhile."""
        if self.hidden is not None:
            self.hidden.unlink(missing_ok=True)
        elif self.path is not None and _identity(self.path) == self.published:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix:{self.path}"
        name = self.sock.getsockname()
        return f"http://{name[0]}:{name[1]}" if isinstance(name, tuple) else f"unix:{name}"


def _refuse_if_taken(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise ContractError("--uds", "a free path or a stale socket", f"another file: {path}")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
    raise ContractError("--uds", "a path nobody listens on", f"a live listener at {path}")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
