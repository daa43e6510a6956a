"""What goes wrong with bulk operations on purpose, once each, when next there is occasion."""

from dataclasses import dataclass, fields
from typing import Any

ERRORS = ("ACCESS_DENIED", "INTERNAL_SERVER_ERROR", "TIMEOUT")


@dataclass(slots=True)
class BulkFaults:
    """None: nothing of the kind."""

    truncate_after: int | None = None
    "Bytes of the next download before its connection breaks."
    truncate_times: int = 1
    fail_after_rows: int | None = None
    "The next operation fails after so many rows, which stay as partial data."
    error_code: str = "INTERNAL_SERVER_ERROR"
    lag_s: float = 0.0
    "Operations take so much longer, by the shop's clock, until set to 0 again."

    def change(self, wanted: dict[str, Any]) -> None:
        """Take over known settings; ValueError names what is not one."""
        known = {each.name for each in fields(self)}
        if unknown := sorted(set(wanted) - known):
            raise ValueError(f"bulk: expected of {sorted(known)}, got {unknown}")
        if wanted.get("error_code", ERRORS[0]) not in ERRORS:
            raise ValueError(f"bulk.error_code: expected of {ERRORS}, got {wanted['error_code']}")
        for name, value in wanted.items():
            setattr(self, name, value)

    def next_truncation(self) -> int | None:
        """After how many bytes this download breaks."""
        after = self.truncate_after
        if after is not None:
            self.truncate_times -= 1
            if self.truncate_times <= 0:
                self.truncate_after, self.truncate_times = None, 1
        return after

    def next_failure(self) -> int | None:
        """After how many rows this operation fails."""
        after, self.fail_after_rows = self.fail_after_rows, None
        return after
