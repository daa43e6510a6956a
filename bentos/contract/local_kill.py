"""The kill file: kills set on a gateway's own machine while the control plane is away.

``signalbox kill --local`` writes it, the gateway obeys it before the ``kill`` document, and
``signalbox kill --reconcile`` enters it into the register. It is not signed: whoever may write
the gateway's home may stop the gateway as well.
"""

import msgspec

from bentos.contract.errors import ContractError, from_decoding

FILE_NAME = "kill.local.json"
MAX_BYTES = 256 * 1024
MAX_TEXT = 2000


class LocalKill(msgspec.Struct, frozen=True, kw_only=True):
    """One kill. ``actor`` is who did it, as the machine knows people; times are RFC 3339 UTC."""

    id: str
    model: str
    version: str
    reason: str
    actor: str
    at: str
    cleared_at: str | None = None
    cleared_by: str | None = None
    cleared_reason: str | None = None


class LocalKills(msgspec.Struct, frozen=True, kw_only=True):
    """Every local kill the register does not know yet, those in force and those cleared."""

    kills: tuple[LocalKill, ...] = ()
    schema: int = 1

    def in_force(self) -> dict[str, LocalKill]:
        """model → its kill; the last one counts."""
        return {kill.model: kill for kill in self.kills if kill.cleared_at is None}


def decode(data: bytes) -> LocalKills:
    """Read the file; raises ContractError naming what is wrong."""
    if len(data) > MAX_BYTES:
        raise ContractError("local kill file", f"at most {MAX_BYTES} bytes", len(data))
    try:
        return msgspec.json.decode(data, type=LocalKills)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise from_decoding(error, "local kill file", "a kill file") from error


def encode(kills: LocalKills) -> bytes:
    """The file's bytes, for people to read as well."""
    return msgspec.json.format(msgspec.json.encode(kills), indent=2) + b"\n"
