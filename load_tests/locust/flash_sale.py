"""A sale begins: ten times the shoppers within a second, for the middle third of the time."""

import os

from locust import LoadTestShape
from shopper import Shopper

__all__ = ["FlashSale", "Shopper"]

USERS = int(os.environ["LOCUST_SHOPPERS"])
SECONDS = float(os.environ["LOCUST_SECONDS"])
CROWD = 10


class FlashSale(LoadTestShape):
    """A tenth of the shoppers, all of them, a tenth again."""

    def tick(self) -> tuple[int, float] | None:
        """Shoppers now, and how many may arrive per second; None ends the run."""
        passed = self.get_run_time()
        if passed > SECONDS:
            return None
        quiet = max(1, USERS // CROWD)
        return (USERS if SECONDS / 3 < passed < SECONDS * 2 / 3 else quiet), USERS
