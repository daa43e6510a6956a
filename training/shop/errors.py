"""What stops a sync: someone else's, or an operation that does not come to an end."""

from bentos.contract.errors import ContractError


class SyncError(RuntimeError):
    """A part of the shop could not be read; what was read before it stays staged."""


class SyncRunning(SyncError):
    """Another process syncs this shop; two at once would read everything twice."""


class NotSynced(ContractError):
    """The shop's lake holds nothing yet."""


class Unreadable(ContractError):
    """A line of a bulk result, or a field in it, that is not what the schema promises."""
