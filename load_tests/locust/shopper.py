"""A shopper of the Locust scenarios: one browser id, one question after another.

Answers are grouped by the variant that gave them, so that a rollback or a fallback shows in the
table. Where to ask, with which key and about which rows comes from the environment, set by
``load_tests.locust_scenario``.
"""

import json
import os
import random
import uuid
from pathlib import Path

from locust import FastHttpUser, constant_pacing, task

PATH = os.environ["LOCUST_PATH"]
HEADERS = {"authorization": f"Bearer {os.environ['LOCUST_KEY']}"}
ROWS = json.loads(Path(os.environ["LOCUST_ROWS"]).read_text())
SECONDS_BETWEEN = 0.2


class Shopper(FastHttpUser):
    """Asks five times a second; a failure is any status but 200."""

    wait_time = constant_pacing(SECONDS_BETWEEN)

    def on_start(self) -> None:
        """A browser keeps its id for the whole session."""
        self.key = str(uuid.uuid4())

    @task
    def check_out(self) -> None:
        """Ask about one order."""
        body = {"targeting_key": self.key, "instances": [random.choice(ROWS)]}
        with self.client.post(PATH, json=body, headers=HEADERS, catch_response=True) as answer:
            if answer.status_code == 200:
                document = answer.json()
                answer.request_meta["name"] = f"{document['variant']} ({document['reason']})"
                answer.success()
            else:
                answer.request_meta["name"] = "not answered"
                answer.failure(f"status {answer.status_code}: {answer.text}")
