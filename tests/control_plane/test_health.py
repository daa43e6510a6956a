"""Alive and ready are two things, and what is not ready says why."""

import sqlite3
from contextlib import closing

import pytest

from tests.databases import chosen


@pytest.mark.skipif(chosen() != "sqlite", reason="writes to the file")
def test_without_its_tables_it_is_alive_and_says_why_it_is_not_ready(new_plane):
    new_plane.start()
    client = new_plane.client(None)
    assert client.get("/health/ready").json()["status"] == "ready"
    with closing(sqlite3.connect(new_plane.home / "control_plane" / "signalbox.db")) as database:
        database.execute("ALTER TABLE published_document RENAME TO gone")

    def not_ready():
        answer = client.get("/health/ready")
        return answer if answer.status_code == 503 else None

    answer = new_plane.wait(not_ready, "not ready")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    told = answer.json()
    assert told["title"] == "Not ready"
    assert told["checks"]["database"] is None
    assert told["checks"]["publisher"]
    for name, why in told["checks"].items():
        assert (why is None) or f"{name}: {why}" in told["detail"]
    assert client.get("/health/live").json() == {"status": "live"}
