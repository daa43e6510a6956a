"""What a sync set out to do, what it could not read, and what it says at the end."""

from collections.abc import Callable
from typing import Any

import msgspec

from bentos.shopify_admin.errors import AccessDenied, Refused
from training.shop.errors import SyncError, Unreadable
from training.shop.streams import OPTIONAL
from training.shop.tables import Contents


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What one sync set out to do; kept beside its rows, so that a resumed one does the same."""

    full: bool
    shop: str
    pseudonym_key_id: str
    code: str
    begun: str
    window_from: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What a sync did. ``read``: rows staged by table; ``behind``: rows a sweep saw newer."""

    full: bool
    resumed: bool
    synced_at: str
    window_from: str | None
    read: dict[str, int]
    tables: dict[str, Contents]
    watermarks: dict[str, str]
    behind: dict[str, int]
    problems: dict[str, str]
    skipped: dict[str, str]


class Unread(msgspec.Struct, frozen=True):
    """Streams without rows this time: given up, or not granted to the app."""

    problems: dict[str, str] = {}
    skipped: dict[str, str] = {}

    def __contains__(self, stream: str) -> bool:
        return stream in self.problems or stream in self.skipped

    def attempt(self, name: str, read: Callable[..., None], *arguments: Any) -> None:
        """What is refused or given up of one stream holds up no other."""
        try:
            read(*arguments)
        except AccessDenied as denied:
            kept = self.skipped if name in OPTIONAL else self.problems
            kept[name] = str(denied)
        except (SyncError, Unreadable, Refused) as problem:
            self.problems[name] = str(problem)
