"""Which API versions there are at a moment, and which one answers for which. Pure."""

import re
from datetime import UTC, datetime

UNSTABLE = "unstable"
# Quarterly versions are released on the first of the quarter, at this hour UTC.
RELEASE_HOUR = 17
_NAME = re.compile(r"(?P<year>20\d\d)-(?P<month>01|04|07|10)")


def stable(now: datetime) -> list[str]:
    """The versions supported at ``now``, oldest first: of the last twelve months."""
    year, month = now.year, 3 * ((now.month - 1) // 3) + 1
    names: list[str] = []
    while len(names) < 4:
        if released(f"{year}-{month:02d}") <= now:
            names.append(f"{year}-{month:02d}")
        year, month = (year, month - 3) if month > 1 else (year - 1, 10)
    return names[::-1]


def released(name: str) -> datetime:
    """When a quarterly version becomes stable."""
    year, month = name.split("-")
    return datetime(int(year), int(month), 1, RELEASE_HOUR, tzinfo=UTC)


def candidate(now: datetime) -> str:
    """The release candidate: the version after the latest stable one."""
    year, month = (int(part) for part in stable(now)[-1].split("-"))
    return f"{year}-{month + 3:02d}" if month < 10 else f"{year + 1}-01"


def effective(asked: str, now: datetime) -> str | None:
    """The version that answers: a retired one falls forward to the oldest; None: there is none."""
    supported = stable(now)
    if asked in (*supported, candidate(now), UNSTABLE):
        return asked
    if _NAME.fullmatch(asked) and asked < supported[0]:
        return supported[0]
    return None


def public(now: datetime) -> list[dict[str, object]]:
    """``publicApiVersions``."""
    stables = stable(now)
    names = [
        *((name, f"{name} (Latest)" if name == stables[-1] else name, True) for name in stables),
        (candidate(now), f"{candidate(now)} (Release candidate)", False),
        (UNSTABLE, UNSTABLE, False),
    ]
    return [
        {"handle": handle, "displayName": shown, "supported": supported}
        for handle, shown, supported in names
    ]
