"""How long a worker that died has to wait before it is started again."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Seconds. Doubles from ``first_s`` to ``longest_s``, forgotten after ``reset_after_s``
    of health; ``refused_s`` is for a worker that refuses its artifact, which time won't mend."""

    first_s: float = 0.2
    longest_s: float = 30.0
    reset_after_s: float = 60.0
    refused_s: float = 300.0

    def delay(self, failures: int, spread: float) -> float:
        """Seconds to wait after the ``failures``-th failure in a row (1-based).

        ``spread`` in [0, 1) is a random draw: the delay lies between half and the whole of
        the exponential step, so that workers felled together do not start together.
        """
        # 2**30 is far beyond any longest_s and still a cheap number.
        step = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return step * (0.5 + 0.5 * spread)
