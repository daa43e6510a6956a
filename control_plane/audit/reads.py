"""Reading the register is recorded too: who looked at evidence, and what they asked for.

Which reads: events and the named questions (``register:read``), proofs (``register:prove``).
Of one reader and key the first within the window is an event with what was asked, before it is
answered; those that follow are counted, and become one event when the window ends: reading
cannot flood the register. Exports and verifications are one event each, and run one at a time.
Checkpoints and consistency proofs, which witnesses fetch around the clock, say nothing of any
event and are not recorded.
"""

import time
from collections.abc import Callable
from typing import Any

from bentos.contract.register import Action, Actor, ActorType
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.principal import Principal
from control_plane.windows import Window, Windows

WINDOW_S = 600.0
ENTITY = "register"
Reader = tuple[Actor, str | None, Action]
"""Who, from where, and what kind of reading."""
ANYONE: Reader = (
    Actor(type=ActorType.SERVICE, id="any", auth_method="none"),
    None,
    Action.REGISTER_READ,
)


class Reads(Windows[Reader]):
    """Open windows of readers."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(WINDOW_S, ANYONE, now)


def record_read(
    database: Database, reads: Reads, principal: Principal, action: Action, asked: dict[str, Any]
) -> None:
    """In a transaction of its own, before the answer: what cannot be recorded is not told."""
    if not reads.is_first((principal.actor, principal.ip, action)):
        return
    given = {name: value for name, value in asked.items() if value is not None}
    with database.write() as session:
        record(session, principal, Change(action=action, entity=ENTITY, details={"asked": given}))


def sum_up(database: Database, reads: Reads, *, everything: bool = False) -> None:
    """Record what the ended windows counted, one event each."""
    reads.sum_up(database, _summary, everything=everything)


def _summary(window: Window[Reader]) -> tuple[Principal, Change]:
    actor, ip, action = window.kind
    change = Change(
        action=action,
        entity=ENTITY,
        reason=f"further reads within {WINDOW_S:.0f} s",
        details={"reads": window.more},
    )
    return Principal(actor=actor, ip=ip), change
