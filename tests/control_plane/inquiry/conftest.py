"""A history written by hand, at times of its own, through the register's own door."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from bentos.contract.documents import KillBody, KillEntry, RoutesBody, encode_body
from bentos.contract.register import Action, Actor, ActorType
from bentos.contract.route import CanaryRule, Route, compile_features
from control_plane import clock
from control_plane.audit.service import Change, record
from control_plane.db import Database
from control_plane.principal import Principal, system
from control_plane.publish.models import BodyRow

BEGINNING = datetime(2026, 11, 1, tzinfo=UTC)


def person(name):
    return Principal(actor=Actor(type=ActorType.PERSON, id=name, auth_method="api_key"))


class History:
    """Each call is an event, a minute after the last."""

    def __init__(self, database, monkeypatch):
        self.database = database
        self.minute = 0
        self.kinds = {}
        monkeypatch.setattr(clock, "now", self.now)

    def now(self):
        return clock.to_text(BEGINNING + timedelta(minutes=self.minute))

    def write(self, who, action, entity, **change):
        self.minute += 1
        principal = system(who) if who in ("publisher", "kill") else person(who)
        with self.database.write() as session:
            given = Change(action=Action(action), entity=entity, **change)
            return record(session, principal, given).seq

    def release(self, who, verb, release="r1", model="fraud", **change):
        if verb == "create":
            change["after"] = {"model": model, "author": who}
        return self.write(who, f"release:{verb}", f"release:{release}", **change)

    def publish(self, name, body):
        data = encode_body(body)
        digest = hashlib.sha256(data).hexdigest()
        with self.database.write() as session:
            if session.get(BodyRow, digest) is None:
                session.add(BodyRow(digest=digest, body=data))
        before, self.kinds[name] = self.kinds.get(name), {"digest": digest, "revision": self.now()}
        return self.write(
            "publisher",
            "document:publish",
            f"document:{name}",
            before=before,
            after=self.kinds[name],
            entity_revision=self.minute,
        )

    def routes(self, **models):
        """model=version, or model=(stable, candidate, buckets, release)."""
        routes = []
        for model, value in models.items():
            if isinstance(value, str):
                routes.append(Route(model=model, stable=value))
                continue
            stable, candidate, buckets, release = value
            rule = CanaryRule(release_id=release, step=1, candidate=candidate, buckets=buckets)
            routes.append(Route(model=model, stable=stable, canary=rule))
        return self.publish("routes", RoutesBody(features=compile_features(tuple(routes))))

    def kills(self, **models):
        entries = {
            model: KillEntry(id=f"k-{model}", version=version, reason="x")
            for model, version in models.items()
        }
        return self.publish("kill", KillBody(models=entries))

    def ask(self, question, *arguments):
        with self.database.read() as session:
            found = question(session, *arguments)
            return found if not hasattr(found, "__next__") else list(found)


@pytest.fixture
def history(databases, monkeypatch):
    database = Database(databases.migrated())
    yield History(database, monkeypatch)
    database.dispose()
