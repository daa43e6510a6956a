"""An environment for each peer, so that nobody's pins bend anybody else's.

``make peers`` (or ``python -m load_tests.peer_environments [NAME …]``) makes
``.venv-peers/NAME`` from ``load_tests/peers/NAME.lock``; one whose lock has not changed since is
left as it is. Exit code 1 if one could not be made: the benchmark then reports that peer absent.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCKS = Path(__file__).parent / "peers"
HOME = ROOT / ".venv-peers"
STAMP = ".lock-installed"
INSTALL_SECONDS = 1800
SHOWN_OUTPUT = 600


class PeerAbsentError(RuntimeError):
    """A peer cannot take part; the message is the reason, for the report."""


@dataclass(frozen=True)
class PeerEnvironment:
    """One peer's packages. ``python`` is the interpreter it needs; None takes ours."""

    name: str
    python: str | None = None

    @property
    def folder(self) -> Path:
        """Where the environment lies."""
        return HOME / self.name

    @property
    def lock(self) -> Path:
        """The versions and hashes it is made of."""
        return LOCKS / f"{self.name}.lock"

    @property
    def ready(self) -> bool:
        """Whether the environment holds what the lock says."""
        stamp = self.folder / STAMP
        return stamp.is_file() and stamp.read_bytes() == self.lock.read_bytes()

    def program(self, name: str) -> str:
        """Path of a program of this environment; raises PeerAbsentError when it has none."""
        path = self.folder / "bin" / name
        if not path.exists():
            raise PeerAbsentError(f"{path.relative_to(ROOT)} is missing: run make peers")
        return str(path)


ENVIRONMENTS = {
    environment.name: environment
    for environment in (
        PeerEnvironment("bentoml"),
        PeerEnvironment("bentoml_best"),
        PeerEnvironment("mlserver"),
        PeerEnvironment("envoy"),
        # Its Triton is linked against this Python.
        PeerEnvironment("triton", python="3.13"),
        PeerEnvironment("ray"),
        PeerEnvironment("locust"),
    )
}


def make(environment: PeerEnvironment, say: Callable[[str], None]) -> None:
    """Make the environment unless it is ready; raises PeerAbsentError with the reason."""
    if environment.ready:
        return
    interpreter = _interpreter(environment.python)
    say(f"{environment.folder.relative_to(ROOT)}: installing {environment.lock.name}")
    shutil.rmtree(environment.folder, ignore_errors=True)
    _run([interpreter, "-m", "venv", str(environment.folder)])
    pip = [str(environment.folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    _run([*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(environment.lock)])
    (environment.folder / STAMP).write_bytes(environment.lock.read_bytes())


def _interpreter(version: str | None) -> str:
    """An interpreter of that version: on the PATH, or one pyenv keeps."""
    if version is None:
        return sys.executable
    ask = [f"python{version}", "-c", "import sys; print(sys.executable)"]
    for environment in (None, {**os.environ, "PYENV_VERSION": version}):
        try:
            found = subprocess.run(ask, env=environment, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return found.stdout.strip()
    raise PeerAbsentError(f"needs Python {version}: no python{version} was found on the PATH")


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PeerAbsentError(f"installing took more than {INSTALL_SECONDS} s") from error
    if done.returncode:
        raise PeerAbsentError(f"installing failed: {done.stdout.strip()[-SHOWN_OUTPUT:]}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Make some or all environments; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m load_tests.peer_environments")
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(ENVIRONMENTS)}; default all")
    names = parser.parse_args(arguments).names or list(ENVIRONMENTS)
    unknown = [name for name in names if name not in ENVIRONMENTS]
    if unknown:
        parser.error(f"expected some of {', '.join(ENVIRONMENTS)}, got {', '.join(unknown)}")
    failed = False
    for name in names:
        try:
            make(ENVIRONMENTS[name], lambda text: print(text, file=sys.stderr, flush=True))
        except PeerAbsentError as error:
            failed = True
            print(f"{name}: absent: {error}", file=sys.stderr, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
