"""When a night is due. Pure: moments in, moments out."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from bentos.contract.errors import ContractError

STEP = timedelta(microseconds=1)
# More moments than that between two looks are no schedule of nights.
MOST_MISSED = 10_000
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_DAY = "|".join(("[0-7]", *DAYS))
_SOME_DAYS = re.compile(rf"(?P<all>\*)|(?P<first>{_DAY})(?:-(?P<last>{_DAY}))?")


class Cron:
    """Five fields of cron, read in the shop's zone."""

    def __init__(self, text: str, zone: ZoneInfo) -> None:
        """Raises ContractError for what is no cron expression."""
        try:
            self._trigger = CronTrigger.from_crontab(_as_apscheduler(text), timezone=zone)
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


def _as_apscheduler(text: str) -> str:
    """The same expression with days of the week by their names: cron's 0 and 7 are Sunday,
    APScheduler's 0 is Monday and it knows no 7. What is no such field stays, to be refused."""
    *others, days = text.split() or [""]
    return " ".join([*others, _named(days.lower())])


def _named(field: str) -> str:
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        days = _SOME_DAYS.fullmatch(span)
        if days is None or not (step or "1").isdecimal() or int(step or 1) == 0:
            return field
        first, last = (0, 6) if days["all"] else _span(days["first"], days["last"], bool(step))
        found.update(day % 7 for day in range(first, last + 1, int(step or 1)))
    return "*" if len(found) == 7 else ",".join(DAYS[day] for day in sorted(found))


def _span(first: str, last: str | None, stepped: bool) -> tuple[int, int]:
    """From one day to another, over the week's end where the second comes earlier in it."""
    begin = _number(first)
    end = _number(last) if last is not None else max(begin, 6) if stepped else begin
    return begin, end if end >= begin else end + 7


def _number(day: str) -> int:
    return DAYS.index(day) if day in DAYS else int(day)
