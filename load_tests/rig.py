"""Where the servers of one run live: a folder, the core they share, and their end."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from load_tests.servers import server, wait_for_http, wait_for_path

HOST = "127.0.0.1"


@dataclass
class Rig:
    """Starts servers on ``core`` (None: wherever there is room); whoever owns ``stack`` stops
    them all by closing it."""

    folder: Path
    core: int | None
    stack: ExitStack

    def serve(
        self,
        name: str,
        command: Sequence[str],
        *,
        ready: str | Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> int:
        """Start a server in ``folder`` that logs to ``NAME.log``; its pid, once ``ready``
        answers (a URL) or exists (a path). Raises ServerDidNotStartError."""
        log = self.folder / f"{name}.log"
        with ExitStack() as trying:
            process = trying.enter_context(
                server(command, self.core, log, environment or {}, folder)
            )
            if isinstance(ready, Path):
                wait_for_path(ready, process, log)
            else:
                wait_for_http(ready, process, log)
            self.stack.push(trying.pop_all())
        return process.pid
