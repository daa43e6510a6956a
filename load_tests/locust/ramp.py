"""Shoppers arrive evenly until the end: watch where latency starts to climb."""

import os

from locust import LoadTestShape
from shopper import Shopper

__all__ = ["Ramp", "Shopper"]

USERS = int(os.environ["LOCUST_SHOPPERS"])
SECONDS = float(os.environ["LOCUST_SECONDS"])


class Ramp(LoadTestShape):
    """From one shopper to all of them."""

    def tick(self) -> tuple[int, float] | None:
        """Shoppers now, and how many may arrive per second; None ends the run."""
        passed = self.get_run_time()
        if passed > SECONDS:
            return None
        return max(1, round(USERS * passed / SECONDS)), USERS
