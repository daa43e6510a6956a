"""When a night is due. Pure: moments in, moments out."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from bentos.contract.errors import ContractError

STEP = timedelta(microseconds=1)
# More moments than that between two looks are no schedule of nights.
MOST_MISSED = 10_000


class Cron:
    """Five fields of cron, read in the shop's zone."""

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        """Raises ContractError for what is no cron expression."""
        try:
            self._trigger = CronTrigger.from_crontab(text, timezone=zone)
        except ValueError as error:
            expected = "five fields of cron, such as '30 2 * * *'"
            raise ContractError("SIGNALBOX_NIGHTLY_CRON", expected, text, str(error)) from error
        self._zone = zone

    def after(self, moment: datetime) -> datetime | None:
        """The first due moment later than this one, in UTC; None when there is none any more.

        The hour that a clock goes through twice in autumn counts once; a moment that a clock
        leaps over in spring is due an hour later by the wall.
        """
        local = moment
        while True:
            found = self._trigger.get_next_fire_time(None, (local + STEP).astimezone(self._zone))
            if found is None or not found.fold:
                return None if found is None else found.astimezone(UTC)
            local = found.astimezone(UTC)

    def missed(self, since: datetime, now: datetime) -> datetime | None:
        """The last moment that was due after ``since`` and is over, or None.

        However many there were, they are one: last week's nights would learn from tonight's orders.
        """
        last, count = None, 0
        due = self.after(since)
        while due is not None and due <= now and count < MOST_MISSED:
            last, count = due, count + 1
            due = self.after(due)
        return last
