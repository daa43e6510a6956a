"""``signalbox ingress``, asked of an inbox with one delivery of each fate."""

import json
import os
import subprocess
import sys

import msgspec
import pytest

from control_plane.shopify import applying
from control_plane.shopify.applying import MAX_ATTEMPTS, Applier
from control_plane.shopify.delivery import Claims, Delivery
from control_plane.shopify.inbox import open_inbox
from control_plane.shopify.inbox_writer import InboxWriter
from control_plane.shopify.kept import RiskChange


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home whose inbox has one good delivery, one without and one with a kept part aside."""
    good = msgspec.json.encode(RiskChange(5))
    connection = open_inbox(tmp_path / "ingress" / "inbox.db")
    writer = InboxWriter(connection, lambda *_: 0, 10)
    waits = [
        writer.take(Delivery("app", "demo-shop", claims(number), "2026-01-01T00:00:00Z", *how))
        for number, how in enumerate([(good,), (None, '{"field": "x"}'), (good,)])
    ]
    writer.start()
    assert [each.result(60) for each in waits] == [True] * 3
    apply = Applier(lambda *_: None, lambda *parts: "|".join(parts))
    real = applying._effect

    def fails_for_the_last(inbox, row, name):
        if row["webhook_id"] == "w-2":
            raise ZeroDivisionError
        return real(inbox, row, name)

    with monkeypatch.context() as patched:
        patched.setattr(applying, "_effect", fails_for_the_last)
        for _ in range(MAX_ATTEMPTS):
            apply(connection, 10)
    writer.stop()
    return tmp_path


def claims(number):
    domain = "demo-shop.myshopify.com"
    return Claims("orders/risk_assessment_changed", domain, f"w-{number}", None)


def ask(home, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "control_plane.shopify.asking", *arguments],
        env={**os.environ, "SIGNALBOX_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_poison_is_shown_tried_again_and_given_up(home):
    told = json.loads(ask(home, "status", "--json").stdout)
    assert (told["waiting"], told["set_aside"]) == (0, 2)
    assert {each["state"]: each["count"] for each in told["tally"]} == {
        "applied": 1,
        "set_aside": 2,
    }
    # Both came on the first of January.
    kept = {each["place"]: each for each in json.loads(ask(home, "keeping", "--json").stdout)}
    assert (kept["set_aside"]["due"], kept["orders"]["days"]) == (2, 730.0)
    unread, failed = json.loads(ask(home, "set-aside", "--json").stdout)
    assert (unread["retriable"], failed["retriable"]) == (False, True)
    assert (failed["attempts"], failed["error"]) == (MAX_ATTEMPTS, "ZeroDivisionError")
    refused = ask(home, "retry", str(unread["seq"]))
    assert refused.returncode == 2
    assert "expected the seq" in refused.stderr
    assert ask(home, "retry", str(failed["seq"])).returncode == 0
    assert ask(home, "drop", str(unread["seq"])).returncode == 0
    told = json.loads(ask(home, "status", "--json").stdout)
    assert (told["waiting"], told["set_aside"]) == (1, 0)


def test_a_home_without_an_inbox_says_so(tmp_path):
    answer = ask(tmp_path, "status")
    assert answer.returncode == 2
    assert "signalbox serve ingress" in answer.stderr
