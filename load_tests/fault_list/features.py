"""The online feature store: replaced whole under load, and gone for a while."""

import time

from load_tests.fault_list.fault import Fault
from load_tests.installation.callers import Answer, Phase, Seen
from load_tests.installation.feature_site import FeatureSite

FILLINGS = 5
# Readers look for a new generation once a second.
BETWEEN_SECONDS = 0.4


def known(answer: Answer) -> float:
    """What the store said for this answer: the total without the sum."""
    return answer.totals[0] - answer.sums[0]


class FeaturesSwapped(Fault[FeatureSite]):
    """Every answer is wholly of one filling; the last one wins."""

    def __init__(self) -> None:
        super().__init__("features-swapped", "embedded feature store replaced again and again")

    def inject(self, site: FeatureSite) -> None:
        """Several runs in a row."""
        for _ in range(FILLINGS):
            site.fill()
            time.sleep(BETWEEN_SECONDS)

    def felt(self, site: FeatureSite, seen: Seen) -> str:
        """Answers followed."""
        fillings = len({known(answer) for answer in seen.answers})
        return f"{fillings} fillings in answers" if fillings > 1 else ""

    def recovered(self, site: FeatureSite, since: list[Answer]) -> bool:
        """The last one is read."""
        return any(known(answer) == site.filled[-1] for answer in since)


class RedisKilled(Fault[FeatureSite]):
    """Defaults are packed meanwhile; a dead Redis costs no answer."""

    def __init__(self) -> None:
        super().__init__("redis-killed", "Redis with the features killed and started again, empty")

    def inject(self, site: FeatureSite) -> None:
        """At once."""
        assert site.redis is not None
        site.redis.process.kill()

    def heal(self, site: FeatureSite) -> None:
        """Start it, and fill it as the next run does."""
        assert site.redis is not None
        site.redis.start()
        site.fill()

    def felt(self, site: FeatureSite, seen: Seen) -> str:
        """Answers were made of defaults, and before of what the store knew."""
        defaults = sum(known(answer) == 0.0 for answer in seen.answers)
        before = any(known(one) > 0 and one.phase is Phase.BEFORE for one in seen.answers)
        return f"{defaults} answers by defaults" if defaults and before else ""

    def recovered(self, site: FeatureSite, since: list[Answer]) -> bool:
        """The new filling is read."""
        return any(known(answer) == site.filled[-1] for answer in since)


EMBEDDED_FAULTS: tuple[Fault[FeatureSite], ...] = (FeaturesSwapped(),)
REDIS_FAULTS: tuple[Fault[FeatureSite], ...] = (RedisKilled(),)
