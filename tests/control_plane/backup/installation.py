"""An installation to take backups of: what is done to it, and what is read of it."""

import zipfile

import msgspec

from bentos.contract.manifest import Manifest
from bentos.contract.register import Action
from control_plane.audit.service import Change, list_events, record
from control_plane.backup.taking import take
from control_plane.db import Database
from control_plane.people.models import SessionRow
from control_plane.principal import system
from control_plane.publish import archive
from control_plane.publish.service import Reconciler
from control_plane.publish.signing import load_signer
from control_plane.registry.models import ModelRow, PromotionRow
from control_plane.registry.service import register_version

LATER = "9999-12-31T00:00:00.000000Z"


def do(settings, change):
    database = Database(settings.database)
    with database.write() as session:
        found = change(session)
    database.dispose()
    return found


def append(settings, count=1):
    def change(session):
        for _ in range(count):
            record(session, system("test"), Change(action=Action.KILL_SET, entity="kill:x"))

    do(settings, change)


def publish(settings):
    database = Database(settings.database)
    Reconciler(database, load_signer(settings.keys / "documents.key")).publish_all()
    database.dispose()


def documents(settings):
    """Headers and bodies in force."""

    def read(session):
        found = archive.current_headers(session).values()
        return [(header, archive.body_bytes(session, header.digest)) for header in found]

    return do(settings, read)


def events(settings, **more):
    return do(settings, lambda session: list_events(session, limit=1000, **more))


def fill(session, manifest):
    """What an engine could mangle, and a promotion, whose number the engine gives."""
    body = msgspec.convert(manifest("fraud", consent_basis="é\u2028'\"\\\U0001f682"), Manifest)
    register_version(session, system("test"), body)
    # Its signature is JSON's null, not SQL's.
    session.add(ModelRow(name="none", visibility="server", created_at="x", signature=None))
    session.flush()
    promote(session)
    session.add(
        SessionRow(
            id="s",
            digest="d",
            person="admin",
            auth_method="password",
            created_at="x",
            idle_s=60,
            idle_until=LATER,
            expires_at=LATER,
        )
    )


def promote(session, version="fraud:20261122-00000001"):
    row = PromotionRow(model="fraud", version=version, release="r", at="x")
    session.add(row)
    session.flush()
    return row.seq


def contents(settings):
    """Rows as they were written, whatever the engine."""
    path = settings.home / "compare.zip"
    path.unlink(missing_ok=True)
    take(settings, path)
    with zipfile.ZipFile(path) as zipped:
        return {
            name: zipped.read(name).decode().splitlines()
            for name in zipped.namelist()
            if name.startswith("tables/")
        }
