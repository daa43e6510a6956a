"""Where purchases are split in time, and how many lie on each side."""

from pathlib import Path

import numpy as np

from training.recommendations.baskets import load_moments, moment_at

# Of the orders, those that are learned from.
TEST_FROM = 0.85


def border(folder: Path) -> int:
    """The time (µs) from which on nothing is learned from."""
    return moment_at(*load_moments(folder), TEST_FROM)


def windows(folder: Path) -> dict[str, int]:
    """Purchases of each window."""
    order, moment = load_moments(folder)
    later = int(np.count_nonzero(moment >= moment_at(order, moment, TEST_FROM)))
    return {"train": len(moment) - later, "test": later}
