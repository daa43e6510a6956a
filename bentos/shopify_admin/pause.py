"""How long to wait between two tries: doubling, bounded, and never in step with others."""

import random

FIRST_S = 1.0
LONGEST_S = 60.0


def after(problems: int) -> float:
    """Seconds after so many failures in a row: between half and all of 1, 2, 4 … 60."""
    whole = min(LONGEST_S, FIRST_S * 2.0 ** min(problems - 1, 10))
    return random.uniform(whole / 2, whole)
