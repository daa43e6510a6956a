"""``python -m control_plane.init``: makes a home. Safe to repeat: what is there stays.

Makes the signing keys, the pseudonym key, the webhooks' key, the database, the first admin and
the services' keys. A key file whose key the database does not know (or the other way round) is
replaced; keys are written to files only, never printed. The first admin's one-time password is
printed, once; it is stored nowhere but as a digest, so that there is no default password.
"""

import argparse
import json
import secrets
import sys
from pathlib import Path

from pydantic import ValidationError
from sqlmodel import col, select

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.whole_file import write_whole
from control_plane import clock
from control_plane.audit.register_key import enter_key, load_register_signer
from control_plane.audit.service import Change, record
from control_plane.config import Settings
from control_plane.db import Database, WriteSession
from control_plane.errors import UnavailableError
from control_plane.key_files import make_signing_key
from control_plane.migrations.upgrade import upgrade
from control_plane.people import keys
from control_plane.people import service as people
from control_plane.people.models import KeyRow, PasswordRow, PersonRow
from control_plane.people.secret import parse_key
from control_plane.people.sign_in import OneTimePassword, new_one_time, reset_password
from control_plane.principal import SERVICES, Principal, Role, system
from control_plane.publish.models import INSTALLATION_ID, InstallationRow
from control_plane.webhooks import seal

FAILED = 1
BAD_INPUT = 2
ADMIN_ROLES = [Role.ADMIN.value, Role.RELEASE_MANAGER.value]
PSEUDONYM_KEY_BYTES = 32


def initialise(settings: Settings, admin: str) -> list[Path]:
    """Bring a home to life; returns the key files that were written now."""
    settings.keys.mkdir(parents=True, exist_ok=True, mode=0o700)
    written = make_signing_key(settings.keys, "documents")
    written += make_signing_key(settings.keys, "register")
    written += seal.make_key(settings.keys)
    pseudonym = settings.keys / "pseudonym.key"
    if not pseudonym.exists():
        write_whole(pseudonym, secrets.token_hex(PSEUDONYM_KEY_BYTES) + "\n")
        written.append(pseudonym)
    upgrade(settings.database)
    database = Database(settings.database)
    try:
        with database.write() as session:
            _installation(session, settings)
            enter_key(session, _principal(), load_register_signer(settings.keys))
            written += _accounts(session, settings.keys, admin)
    finally:
        database.dispose()
    return written


def one_time_password(settings: Settings, admin: str) -> OneTimePassword | None:
    """The admin's first password; None when they have one, or there is no such admin.

    One that was not used in its time is replaced: who runs this owns the home anyway.
    """
    database = Database(settings.database)
    try:
        with database.read() as session:
            person, row = session.get(PersonRow, admin), session.get(PasswordRow, admin)
        over = row is not None and row.expires_at is not None and row.expires_at <= clock.now()
        if person is None or person.disabled_at or not (row is None or over):
            return None
        fresh = new_one_time()
        with database.write() as session:
            return reset_password(session, _principal(), admin, fresh)
    finally:
        database.dispose()


def main(arguments: list[str] | None = None) -> int:
    """Command line; 2 when a setting is wrong, 1 when the database is away."""
    parser = argparse.ArgumentParser(prog="signalbox init")
    parser.add_argument("--admin", default="admin", help="id of the first admin")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args(arguments)
    try:
        settings = Settings()
        written = initialise(settings, options.admin)
        password = one_time_password(settings, options.admin)
    except (ContractError, ValidationError) as error:
        sys.stderr.write(f"signalbox init: {error}\n")
        return BAD_INPUT
    except UnavailableError as error:
        sys.stderr.write(f"signalbox init: the database cannot be used: {error}\n")
        return FAILED
    files = sorted(settings.keys.iterdir())
    if options.json:
        report = {
            "home": str(settings.home),
            "database": str(settings.database),
            "keys": [str(path) for path in files],
            "written": [str(path) for path in written],
            "one_time_password": password
            and {
                "person": options.admin,
                "password": password.text,
                "expires_at": password.expires_at,
            },
        }
        sys.stdout.write(json.dumps(report) + "\n")
        return 0
    sys.stdout.write(f"Home {settings.home} of shop {settings.shop} is ready. Keys:\n")
    for path in files:
        note = "written now" if path in written else "kept"
        sys.stdout.write(f"  {path}  ({note})\n")
    if password is not None:
        sys.stdout.write(
            f"\nSign in as {options.admin} with this one-time password, shown this once:\n"
            f"  {password.text}\n"
            f"You choose your own with it; it ends {password.expires_at}.\n"
        )
    return 0


def _installation(session: WriteSession, settings: Settings) -> None:
    row = session.get(InstallationRow, INSTALLATION_ID)
    if row is None:
        row = InstallationRow(
            id=INSTALLATION_ID,
            epoch=1,
            shop=settings.shop,
            environment=settings.environment,
            created_at=clock.now(),
            independence_days=settings.independence_days,
        )
        session.add(row)
        session.flush()
        change = Change(
            action=Action.INSTALLATION_CREATE, entity="installation", after=row.model_dump()
        )
        record(session, _principal(), change)
    elif row.shop != settings.shop:
        raise ContractError("SIGNALBOX_SHOP", f"the shop of this home, {row.shop}", settings.shop)


def _accounts(session: WriteSession, folder: Path, admin: str) -> list[Path]:
    """The first admin's key and one for each service, each in its file."""
    written = []
    anyone = session.exec(select(PersonRow).limit(1)).first()
    if anyone is None:
        people.create_person(session, _principal(), admin, admin, ADMIN_ROLES)
    if session.get(PersonRow, admin) is not None:
        path = folder / "admin.key"
        if not _is_good(session, path, person=admin):
            key = keys.issue_person_key(session, _principal(), admin)
            write_whole(path, key.text + "\n")
            written.append(path)
    for service in SERVICES:
        path = folder / f"{service}.key"
        if not _is_good(session, path, service=service):
            _revoke_all(session, service)
            key = keys.issue_service_key(session, _principal(), service)
            write_whole(path, key.text + "\n")
            written.append(path)
    return written


def _is_good(
    session: WriteSession, path: Path, person: str | None = None, service: str | None = None
) -> bool:
    key = parse_key(path.read_text()) if path.exists() else None
    row = session.get(KeyRow, key.id) if key else None
    if key is None or row is None or row.revoked_at is not None:
        return False
    return key.matches(row.digest) and (row.person, row.service) == (person, service)


def _revoke_all(session: WriteSession, service: str) -> None:
    """The file was lost: whatever key it held must not go on working."""
    query = select(KeyRow).where(col(KeyRow.service) == service, col(KeyRow.revoked_at).is_(None))
    for row in list(session.exec(query)):
        keys.revoke_key(session, _principal(), row.id)


def _principal() -> Principal:
    return system("init", "local")


if __name__ == "__main__":
    sys.exit(main())
