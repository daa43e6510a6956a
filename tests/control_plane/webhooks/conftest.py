"""A receiver's process, a register to tell of, and a dispatcher over a clock of the test's."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bentos.contract.register import Action
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.metrics import Metrics
from control_plane.principal import Permission, Principal, system
from control_plane.publish.models import InstallationRow
from control_plane.webhooks import service
from control_plane.webhooks.address import AddressPolicy, parse_networks
from control_plane.webhooks.dispatcher import Dispatcher, Plan
from control_plane.webhooks.seal import Seal
from load_tests.free_ports import free_port

HERE = Path(__file__).parent
LOCAL = AddressPolicy(parse_networks("127.0.0.0/8"), http=True)
ADMIN = Principal(actor=system("admin").actor, permissions=frozenset({Permission.WEBHOOKS}))


class Receiver:
    """Its process, which may be down, and what it was sent."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/hooks"
        self.process = None
        self.take()
        self.answer()

    def take(self, *secrets):
        (self.folder / "secrets").write_text("\n".join(secrets))

    def answer(self, status=204, **more):
        (self.folder / "answer.json").write_text(json.dumps({"status": status, **more}))

    def start(self):
        command = [sys.executable, str(HERE / "receiver.py"), str(self.folder), str(self.port)]
        self.process = subprocess.Popen(command)
        self.wait(self._listens)

    def _listens(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def wait(self, condition, within_s=60):
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            if condition():
                return
            time.sleep(0.02)
        raise AssertionError("it never happened")

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def received(self):
        path = self.folder / "received.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def told(self, prefix=""):
        """The bodies, as JSON, of some types."""
        bodies = [json.loads(each["body"]) for each in self.received]
        return [body for body in bodies if body["type"].startswith(prefix)]

    def ids(self):
        return [each["headers"]["webhook-id"] for each in self.received]


class Clock:
    """The real one, set forward by hours at will."""

    def __init__(self):
        self.ahead_s = 0.0

    def __call__(self):
        return clock.later(self.ahead_s)

    def forward(self, seconds):
        self.ahead_s += seconds


class Installation:
    """A register, and a dispatcher that makes a pass when it is told to."""

    def __init__(self, database):
        self.database = database
        self.seal = Seal([bytes(range(32))])
        self.clock = Clock()
        self.plan = Plan(policy=LOCAL, timeout_s=2, interval_s=0.05, disable_days=5, keep_days=30)

    def dispatcher(self):
        return Dispatcher(self.database, self.seal, self.plan, Metrics(), self.clock)

    def subscribe(self, url, *events, name="ci"):
        """A webhook; its id and secret."""
        plan = {"name": name, "url": url, "events": list(events) or ["kill.*"]}
        with self.database.write() as session:
            made = service.create_webhook(session, ADMIN, self.seal, LOCAL, plan)
            return made.row.id, made.secret

    def happen(self, *models, action=Action.KILL_SET, **more):
        with self.database.write() as session:
            for model in models:
                change = Change(action=action, entity=f"kill:{model}", **more)
                record(session, system("test"), change)

    async def passes(self, dispatcher, count=1):
        """So many passes, each waited for."""
        for _ in range(count):
            await dispatcher.make_pass()
            assert dispatcher.failing is None
            await dispatcher.idle()

    def read(self, function, *arguments):
        with self.database.read() as session:
            return function(session, *arguments)

    def write(self, function, *arguments):
        with self.database.write() as session:
            return function(session, *arguments)


@pytest.fixture
def receiver(tmp_path):
    folder = tmp_path / "receiver"
    folder.mkdir()
    receiver = Receiver(folder)
    yield receiver
    receiver.stop()


@pytest.fixture
def up(receiver):
    """The receiver, running."""
    receiver.start()
    return receiver


@pytest.fixture
def installation(databases):
    database = Database(databases.migrated())
    with database.write() as session:
        session.add(
            InstallationRow(id=1, epoch=1, shop="shop", environment="test", created_at=clock.now())
        )
    yield Installation(database)
    database.dispose()


@pytest.fixture
def admin():
    return ADMIN
