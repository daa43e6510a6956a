import sqlite3
import time

import httpx
import pytest

from load_tests.shop.ingress_process import IngressProcess


class Running(IngressProcess):
    """With what a test asks of it."""

    def rows(self, query, *values):
        with sqlite3.connect(f"file:{self.inbox}?mode=ro", uri=True) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query, values)]

    def settled(self):
        """Wait until nothing is to be applied."""
        until = time.monotonic() + 60
        while self.rows("SELECT 1 FROM delivery WHERE state = 0"):
            assert time.monotonic() < until, self.process.log_end()
            time.sleep(0.02)


@pytest.fixture(scope="module")
def ingress(tmp_path_factory):
    running = Running(tmp_path_factory.mktemp("ingress") / "home")
    running.start()
    yield running
    running.process.stop()


@pytest.fixture(scope="module")
def client(ingress):
    with httpx.Client(base_url=ingress.url, timeout=60) as client:
        yield client
