"""When to try again what may pass. Pure: waits are computed here and slept elsewhere."""

import random
from collections.abc import Iterator

FIRST_S = 1.0
LONGEST_S = 60.0
ATTEMPTS = 6


def waits(attempts: int = ATTEMPTS, seed: int = 0, first_s: float = FIRST_S) -> Iterator[float]:
    """Seconds before the 2nd, 3rd, … attempt: doubled each time, within bounds, half jittered.

    Equal seeds wait equally; runs with different ids do not knock at the same moment.
    """
    draw = random.Random(seed)
    for number in range(attempts - 1):
        longest = min(first_s * 2**number, LONGEST_S)
        yield longest / 2 + draw.random() * longest / 2
