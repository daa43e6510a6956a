"""Times as they are stored, hashed and shown: RFC 3339, UTC, microseconds.

Kept as text from end to end, so that the register hashes exactly what the database holds;
equal lengths make them sort as text.
"""

from datetime import UTC, datetime, timedelta

from bentos.contract.errors import ContractError


def now() -> str:
    """The present moment."""
    return to_text(datetime.now(UTC))


def later(seconds: float) -> str:
    """The moment ``seconds`` from now."""
    return to_text(datetime.now(UTC) + timedelta(seconds=seconds))


def after(moment: str, seconds: float) -> str:
    """The moment so many seconds after a stored one."""
    return to_text(datetime.fromisoformat(moment) + timedelta(seconds=seconds))


def seconds_since(moment: str) -> float:
    """Seconds from a stored moment until now; negative if it lies ahead."""
    return seconds_between(moment, now())


def seconds_between(earlier: str, later: str) -> float:
    """Seconds from one stored moment to another."""
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def to_text(moment: datetime) -> str:
    """``2026-11-23T08:30:00.000000Z`` of an aware datetime."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse(text: str, field: str) -> str:
    """Bring any RFC 3339 time with an offset into the stored form; raises ContractError."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ContractError(field, "an RFC 3339 time with an offset or Z", text)
        return to_text(moment)
    except ContractError:
        raise
    except (ValueError, OverflowError) as error:
        # Overflow: in UTC it lies before the year 1 or after 9999.
        raise ContractError(field, "an RFC 3339 time", text) from error
