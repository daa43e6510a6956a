"""How long each part of the decisions is kept. No I/O, no clock."""

from dataclasses import dataclass

from bentos.decision_lake.parts import Part

# Regulation (EU) 2024/1689, articles 19 and 26(6): logs are kept for at least six months.
AI_ACT_DAYS = 184


@dataclass(frozen=True)
class Retention:
    """Days each part is kept; None: for ever."""

    public: int | None
    personal: int | None
    shadow: int | None

    def days(self, part: Part) -> int | None:
        """Of one part. A personal part without its public one would be of no use."""
        own: int | None = getattr(self, part.value)
        limits = [each for each in (own, self.public) if each is not None]
        return min(limits, default=None)

    def notes(self) -> list[str]:
        """What somebody should know about these settings."""
        short = [part.value for part in (Part.PUBLIC, Part.PERSONAL) if self._is_short(part)]
        return [
            f"{part}: kept less than the {AI_ACT_DAYS} days that the EU AI Act asks of logs of "
            "high-risk systems"
            for part in short
        ]

    def _is_short(self, part: Part) -> bool:
        days = self.days(part)
        return days is not None and days < AI_ACT_DAYS
