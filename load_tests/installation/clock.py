"""The wall clock of one process, moved while it runs; everybody else's stays."""

import shutil
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path

from bentos.contract.errors import ContractError

SOURCE = Path(__file__).with_name("clock.c")


class MovedClock:
    """Compiles the shim into ``folder``. Raises ContractError where there is no C compiler."""

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise ContractError(
                "clock faults", "a C compiler (cc) on the PATH", None, "Or leave them out: --only."
            )
        self._offset = folder / "clock.offset"
        self._library = folder / "clock.so"
        self.jump(0)
        command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(self._library), str(SOURCE)]
        subprocess.run(command, check=True)

    @property
    def environment(self) -> Mapping[str, str]:
        """What the process needs to have its clock moved."""
        return {"LD_PRELOAD": str(self._library), "FAULT_CLOCK": str(self._offset)}

    def jump(self, seconds: int) -> None:
        """From now on its wall clock is ``seconds`` off."""
        if self._offset.exists():
            # In place: the process has this very file mapped.
            with self._offset.open("r+b") as file:
                file.write(struct.pack("<q", seconds))
        else:
            self._offset.write_bytes(struct.pack("<q", seconds))
