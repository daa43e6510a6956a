"""The soak against a real installation: quiet when all is well, loud when a worker dies."""

import asyncio
import json
import os
import signal
import tempfile
from pathlib import Path

import pytest

from load_tests.installation.site import version_site
from load_tests.soak import main, proportional_bytes, soak


def test_its_own_memory_is_some_megabytes():
    assert 1_000_000 < proportional_bytes(os.getpid()) < 10_000_000_000


@pytest.mark.parametrize("arguments", [["--minutes", "0"], ["--rate", "0"], ["--minutes", "nan"]])
def test_options_that_make_no_sense_are_named(arguments, capsys):
    assert main(arguments) == 2
    assert arguments[0] in capsys.readouterr().err


@pytest.mark.acceptance
@pytest.mark.slow
def test_a_healthy_gateway_comes_through(capsys):
    assert main(["--minutes", "0.1", "--rate", "150", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["harm"] == []
    assert report["statuses"]["good 200"] > 100
    assert report["pss_bytes"]["samples"] >= 3
    assert not any(status.split()[1].startswith("5") for status in report["statuses"])


@pytest.mark.slow
@pytest.mark.acceptance
def test_a_worker_that_dies_is_reported():
    with (
        tempfile.TemporaryDirectory(prefix="sbx-") as name,
        version_site(Path(name)) as site,
    ):

        async def kill_while_soaking():
            soaking = asyncio.create_task(soak(site, 50, 4))
            await asyncio.sleep(1)
            os.kill(site.gateway.workers()[0], signal.SIGKILL)
            return await soaking

        report = asyncio.run(kill_while_soaking())
    assert any(text.startswith("workers: expected") for text in report["harm"])
