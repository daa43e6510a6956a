"""A feature view: values about one kind of entity, made by training, looked up by the gateway.

A version's schema names the views it reads, so that entity and time to live reach the gateway
as data. Another meaning of a field is another version of the view.
"""

import re

import msgspec

from bentos.contract.errors import ContractError

NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
DIGEST = re.compile(r"[0-9a-f]{64}")
MAX_VERSION = 2**31 - 1


class FeatureView(msgspec.Struct, frozen=True, kw_only=True):
    """One view of one kind of ``entity``, such as ``customer``.

    A record older than ``ttl_s`` seconds counts as missing; null means it never expires.
    ``digest``: SHA-256 hex of the definition its values must come from; absent where a schema
    takes whatever bears the tag.
    """

    name: str
    version: int
    entity: str
    ttl_s: float | None = None
    digest: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def tag(self) -> str:
        """``<name>@<version>``, as features name it in their source."""
        return f"{self.name}@{self.version}"


def check_name(name: str, field: str) -> None:
    """Raise ContractError unless a view or entity kind is named as keys of the store can hold."""
    if not NAME.fullmatch(name):
        raise ContractError(field, "1 to 64 of a-z, 0-9 and _, a letter first", name)


def check_view(view: FeatureView, field: str) -> None:
    """Raise ContractError for a view no store could hold."""
    check_name(view.name, f"{field}.name")
    check_name(view.entity, f"{field}.entity")
    if not 1 <= view.version <= MAX_VERSION:
        raise ContractError(f"{field}.version", f"1 to {MAX_VERSION}", view.version)
    if view.ttl_s is not None and not view.ttl_s > 0:
        raise ContractError(f"{field}.ttl_s", "more than 0 seconds, or null", view.ttl_s)
    if view.digest is not msgspec.UNSET and not DIGEST.fullmatch(view.digest):
        raise ContractError(f"{field}.digest", "64 hex digits, or none", view.digest)
