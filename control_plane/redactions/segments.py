"""Gateways' segments on this machine: what was decided and not shipped is in no lake yet."""

from itertools import islice
from pathlib import Path

from bentos.contract.errors import ContractError
from bentos.contract.segment import read_frames

FOLDER = Path("gateway") / "segments"


def unshipped(home: Path) -> list[str]:
    """Names, without their ending, of the segments here that hold anything, open ones included."""
    return sorted({path.stem for path in (home / FOLDER).glob("*") if _holds_anything(path)})


def still_here(home: Path, names: list[str]) -> list[str]:
    """Those of these segments that are not shipped yet."""
    here = {path.stem for path in (home / FOLDER).glob("*")}
    return [each for each in names if each in here]


def _holds_anything(path: Path) -> bool:
    try:
        # The first frame is the header.
        return len(list(islice(read_frames(path), 2))) > 1
    except FileNotFoundError:
        return False  # shipped meanwhile
    except (OSError, ContractError):
        return True
