"""A kill on the gateway's own machine, with no control plane anywhere."""

import fcntl
import json
import os
import resource
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from bentos.contract.documents import DocumentName, EndpointsBody, KillBody, KillEntry
from bentos.contract.local_kill import MAX_TEXT, LocalKill, LocalKills, decode, encode
from gateway.local_kill import LocalKillFile
from tests.gateway.gateway_process import (
    BODY,
    HEADERS,
    PREDICT,
    GatewayProcess,
    eventually,
    publish_on_disk,
)
from tests.gateway.installation import CANARY, STABLE, WIDE, route

KILL = LocalKill(
    id="k1", model="fraud", version=CANARY, reason="bad", actor="local:ada", at="2026-01-01"
)


@pytest.fixture(scope="module")
def addresses(versions):
    return {STABLE: versions.start(), CANARY: versions.start(WIDE)}


def put(path, *kills, mode=0o600):
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    new.write_bytes(encode(LocalKills(kills=kills)))
    new.chmod(mode)
    new.replace(path)


class Watched:
    def __init__(self, folder):
        self.seen = []
        self.path = folder / "kill.local.json"
        self.file = LocalKillFile(self.path, self.seen.append)


def test_the_file_is_told_of_when_it_changes_and_when_it_goes(tmp_path):
    watched = Watched(tmp_path)
    watched.file.look()
    put(watched.path, KILL)
    watched.file.look()
    watched.file.look()
    watched.path.unlink()
    watched.file.look()
    assert watched.seen == [LocalKills(kills=(KILL,)), LocalKills()]


@pytest.mark.parametrize("content", [b"", b"{", b'{"kills": 3}', b"x" * 300_000])
def test_a_damaged_file_changes_nothing_and_is_counted_once(tmp_path, content):
    watched = Watched(tmp_path)
    put(watched.path, KILL)
    watched.file.look()
    watched.path.write_bytes(content)
    watched.file.look()
    watched.file.look()
    assert watched.seen == [LocalKills(kills=(KILL,))]
    assert watched.file.refused == 1


def test_a_file_that_others_may_write_is_refused(tmp_path):
    watched = Watched(tmp_path)
    put(watched.path, KILL, mode=0o622)
    watched.file.look()
    assert (watched.seen, watched.file.refused) == ([], 1)
    watched.path.chmod(0o600)
    watched.file.look()
    assert watched.seen == [LocalKills(kills=(KILL,))]


@contextmanager
def no_more_files():
    """As when the process has all the files open that it may."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_file_that_could_not_be_read_now_is_read_a_moment_later(tmp_path):
    watched = Watched(tmp_path)
    put(watched.path, KILL)
    with no_more_files():
        watched.file.look()
        watched.file.look()
    assert (watched.seen, watched.file.refused) == ([], 1)
    watched.file.look()
    assert watched.seen == [LocalKills(kills=(KILL,))]


async def test_a_kill_whose_version_goes_is_said_and_obeyed_again_when_it_comes_back(
    gateway, addresses
):
    gateway.publish_all(addresses, route())
    await gateway.connected()
    put(gateway.serving.config.local_kill_path, KILL)
    stable_only = EndpointsBody(versions={STABLE: (addresses[STABLE],)})
    both = EndpointsBody(versions={tag: (place,) for tag, place in addresses.items()})
    with capture_logs() as said:
        gateway.serving.local_kill_file.look()
        for body in (both, stable_only, stable_only, both):
            gateway.publish(DocumentName.ENDPOINTS, body)
    told = [line["event"] for line in said if line["event"].startswith("local_kill")]
    assert told == ["local_kill_obeyed", "local_kill_refused", "local_kill_obeyed"]
    await gateway.connected()
    assert (await gateway.predict()).json()["reason"] == "KILLED"


async def test_a_local_kill_wins_over_the_published_one_and_decisions_say_killed(
    gateway, addresses
):
    gateway.publish_all(addresses, route())
    kill = KillEntry(id="k0", version=STABLE, reason="x")
    gateway.publish(DocumentName.KILL, KillBody(models={"fraud": kill}))
    await gateway.connected()
    assert (await gateway.predict()).json()["model_version"] == STABLE
    path = gateway.serving.config.local_kill_path
    put(path, KILL)
    gateway.serving.local_kill_file.look()
    answer = (await gateway.predict()).json()
    assert (answer["model_version"], answer["reason"]) == (CANARY, "KILLED")
    path.unlink()
    gateway.serving.local_kill_file.look()
    assert (await gateway.predict()).json()["model_version"] == STABLE


@pytest.mark.parametrize("version", ["fraud:20990101-ffffffff", "pricing:20260101-aaaaaaaa"])
async def test_a_version_that_does_not_run_is_refused_and_said(gateway, addresses, version):
    gateway.publish_all(addresses, route())
    await gateway.connected()
    kill = LocalKill(id="k2", model="fraud", version=version, reason="x", actor="a", at="t")
    put(gateway.serving.config.local_kill_path, kill)
    gateway.serving.local_kill_file.look()
    assert (await gateway.predict()).json()["reason"] == "STATIC"
    status = (await gateway.client.get("/status")).json()
    assert status["local_kills"]["fraud"] == {"id": "k2", "version": version, "workers": 0}


@pytest.fixture
def home(tmp_path, addresses):
    publish_on_disk(tmp_path, addresses)
    return tmp_path


def signalbox(home, url, *arguments):
    environment = {
        **os.environ,
        "SIGNALBOX_HOME": str(home),
        "SIGNALBOX_GATEWAY_URL": url,
        "SIGNALBOX_CONTROL_PLANE_URL": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "control_plane.cli", "kill", *arguments]
    return subprocess.run(
        command, check=False, env=environment, capture_output=True, text=True, timeout=60
    )


def served(gateway):
    answers = [httpx.post(gateway.url + PREDICT, json=BODY, headers=HEADERS) for _ in range(12)]
    return {(a.json()["model_version"], a.json()["reason"]) for a in answers}


@pytest.mark.acceptance
@pytest.mark.slow
def test_the_command_kills_and_clears_on_every_worker_without_a_control_plane(home):
    path = home / "gateway" / "kill.local.json"
    with GatewayProcess(home, SIGNALBOX_GATEWAY_WORKERS="2").wait_ready() as gateway:
        wrong = ("fraud", "fraud:20990101-ffffffff", "--local", "--reason", "x")
        assert signalbox(home, gateway.url, *wrong).returncode == 2
        assert not path.exists()
        assert signalbox(home, gateway.url, "fraud", CANARY, "--local").returncode == 2
        killed = signalbox(
            home, gateway.url, "fraud", CANARY, "--local", "--reason", "it burns", "--json"
        )
        assert killed.returncode == 0, killed.stderr
        assert json.loads(killed.stdout)["reason"] == "it burns"
        assert path.stat().st_mode & 0o777 == 0o600
        assert served(gateway) == {(CANARY, "KILLED")}
        gateway.process.send_signal(1)  # what starts anew obeys it as well
        gateway.wait_for("rolling_restart_done")
        assert served(gateway) == {(CANARY, "KILLED")}
        unreached = signalbox(home, gateway.url, "--reconcile")
        assert unreached.returncode != 0
        assert served(gateway) == {(CANARY, "KILLED")}
        clear = ("fraud", "--local", "--clear", "--reason", "it is out")
        assert signalbox(home, gateway.url, *clear).returncode == 0
        assert served(gateway) == {(STABLE, "STATIC")}
        assert gateway.end() == 0
    [kept] = decode(path.read_bytes()).kills
    assert (kept.reason, kept.cleared_reason) == ("it burns", "it is out")


@pytest.mark.acceptance
def test_a_kill_for_a_gateway_that_is_down_is_written_and_said_with_5(home):
    command = ("fraud", CANARY, "--local", "--reason", "x")
    done = signalbox(home, "http://127.0.0.1:9", *command)
    assert done.returncode == 5
    assert "cannot be reached" in done.stderr
    with GatewayProcess(home).wait_ready() as gateway:
        assert served(gateway) == {(CANARY, "KILLED")}
        assert gateway.end() == 0


def start_signalbox(home, *arguments):
    environment = {
        **os.environ,
        "SIGNALBOX_HOME": str(home),
        "SIGNALBOX_GATEWAY_URL": "http://127.0.0.1:9",
    }
    command = [sys.executable, "-m", "control_plane.cli", "kill", *arguments]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def waits_for_a_lock(process):
    locks = Path("/proc/locks").read_text().splitlines()
    return any(f" {process.pid} " in line and "-> FLOCK" in line for line in locks)


@pytest.mark.acceptance
def test_two_people_who_kill_at_once_both_have_their_kill(tmp_path):
    path = tmp_path / "gateway" / "kill.local.json"
    path.parent.mkdir()
    folder = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    command = start_signalbox(tmp_path, "pricing", "pricing:1", "--local", "--reason", "x")
    with command:
        eventually(
            lambda: waits_for_a_lock(command) or command.poll() is not None, "it never wrote", 60
        )
        put(path, KILL)
        os.close(folder)
        assert command.wait(60) == 5
    assert decode(path.read_bytes()).in_force().keys() == {"fraud", "pricing"}


@pytest.mark.acceptance
@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files that others cannot read")
def test_what_root_writes_is_the_gateway_s_to_read(tmp_path):
    folder = tmp_path / "gateway"
    folder.mkdir()
    os.chown(folder, 65_534, 65_534)
    command = ("fraud", CANARY, "--local", "--reason", "x")
    assert signalbox(tmp_path, "http://127.0.0.1:9", *command).returncode == 5
    found = (folder / "kill.local.json").stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o777) == (65_534, 65_534, 0o600)


@pytest.mark.acceptance
def test_a_reason_the_control_plane_would_not_take_is_refused_at_once(tmp_path):
    command = ("fraud", CANARY, "--local", "--reason", "x" * (MAX_TEXT + 1))
    done = signalbox(tmp_path, "http://127.0.0.1:9", *command)
    assert done.returncode == 2
    assert f"at most {MAX_TEXT} characters" in done.stderr
    assert not (tmp_path / "gateway").exists()
