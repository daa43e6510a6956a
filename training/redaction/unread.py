"""What a redaction could not go through: a truncated file, a disk that fails, a store away.

It keeps nothing else from being erased, and the request stays open: no record is written, so
that nobody takes for erased what nobody could look at, and no night trains meanwhile.
"""

from collections.abc import Iterable
from pathlib import Path

MAX_SAID = 3


def told(unread: dict[str, str]) -> str:
    """What people hear of it; ``unread``: place of the home → why."""
    said = [f"{place} ({why})" for place, why in sorted(unread.items())]
    more = f" and {len(said) - MAX_SAID} more" if len(said) > MAX_SAID else ""
    return (
        f"could not go through {'; '.join(said[:MAX_SAID])}{more}. All else is erased, and the "
        "request stays open. Mend each, or remove a file that cannot be (without order lines, "
        "datasets that name no customers go whole); then: python -m training redact"
    )


def untold(
    home: Path, lines: Iterable[Path], unread: dict[str, str], before: Iterable[str]
) -> tuple[str, ...]:
    """Files of order lines that no look could read: those that cannot be, and of those of earlier
    looks (``before``) the ones that are gone since."""
    names = {path.relative_to(home).as_posix() for path in lines}
    return tuple(sorted(names & {*unread} | {n for n in before if not (home / n).is_file()}))


def is_lost(home: Path, untold: Iterable[str]) -> bool:
    """Whether some of these are gone, so that nothing tells any more what they told."""
    return any(not (home / name).is_file() for name in untold)
