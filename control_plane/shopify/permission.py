"""Whether a model may decide about an order: the merchant's consent, the customer's opt-outs."""

from collections.abc import Callable
from enum import StrEnum

from bentos.contract.training_consent import Use
from control_plane.config import Settings
from control_plane.consents import exclusions
from control_plane.consents import service as consents
from control_plane.db import Database


class Verdict(StrEnum):
    """The label it is counted under."""

    ALLOWED = "allowed"
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"


Ask = Callable[[str, str | None], Verdict]
"""(shop, customer's pseudonym or None for a guest) → verdict; raises where nobody can tell."""


def from_database(settings: Settings) -> Ask:
    """Reads the control plane's tables: what is not known there is not allowed."""
    opened: list[Database] = []

    def ask(shop: str, customer: str | None) -> Verdict:
        if not opened:
            opened.append(Database(settings.database))
        with opened[0].read() as session:
            use = Use.AUTOMATED_DECISION.value
            if consents.in_force(session, shop, "fraud", use) is None:
                return Verdict.NO_CONSENT
            if customer is None:
                return Verdict.ALLOWED
            may = exclusions.of_customer(session, shop, customer)["may_decide"]
            return Verdict.ALLOWED if may else Verdict.OPTED_OUT

    return ask
