"""What every step of one night may ask for: settings, source, time, the control plane."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from training.lines import Lines, OrderSource
from training.nightly.desk import Desk
from training.nightly.record import RunRecord, StepRecord
from training.nightly.settings import NightlySettings
from training.recipes import Request
from training.redaction import waiting
from training.settings import Settings


def _silent(_step: StepRecord) -> None:
    return None


@dataclass
class Night:
    """One run. ``now``: what counts as the present; ``desk``: None without a control plane."""

    settings: Settings
    nightly: NightlySettings
    source: OrderSource
    now: datetime
    record: RunRecord
    desk: Desk | None = None
    sleep: Callable[[float], None] = field(default=time.sleep)
    tell: Callable[[StepRecord], None] = field(default=_silent)

    def request(self, model: str) -> Request:
        """What the recipes are asked for: all orders, the installation's seed."""
        return Request(model=model, as_of=None, seed=self.settings.seed)

    def check_unasked(self, lines: Lines) -> None:
        """Raise ContractError where the shop of these lines is to be erased whole since they were
        made. A person's redaction follows the night, and names what it trained on them."""
        if lines.own_data:
            waiting.check_shop(self.settings.home, self.settings.shop)

    @property
    def control(self) -> Desk:
        """The control plane; the plan has its steps only where there is one."""
        assert self.desk is not None, "a step of the control plane in a plan without one"
        return self.desk
