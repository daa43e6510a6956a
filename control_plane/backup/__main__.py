"""``python -m control_plane.backup backup | restore | upgrade``: the commands of the same names."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from pydantic import ValidationError

from bentos.contract.errors import ContractError
from control_plane.backup.archive import BackupManifest
from control_plane.backup.restoring import Restored, restore
from control_plane.backup.taking import default_path, take
from control_plane.backup.upgrading import Upgraded, upgrade_safely
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.errors import ConflictError, UnavailableError
from control_plane.in_use import holding, refuse_if_served
from control_plane.migrations.upgrade import Plan, plan_upgrade

FAILED = 1
BAD_INPUT = 2
CONFLICT = 4
RETURNED = (
    "whoever lost a role since has it again, an old password opens again; "
    "look through `signalbox people review`"
)
Answer = tuple[dict[str, Any], str]


def main(arguments: list[str] | None = None) -> int:
    """Command line; the exit codes of docs/cli.md."""
    options = _parser().parse_args(arguments)
    try:
        report, text = options.run(Settings(), options)
    except (ContractError, ValidationError) as error:
        return _fail(options.command, error, BAD_INPUT)
    except ConflictError as error:
        return _fail(options.command, error, CONFLICT)
    except (UnavailableError, OSError) as error:
        return _fail(options.command, error, FAILED)
    sys.stdout.write(f"{json.dumps(report, default=str) if options.json else text}\n")
    return 0


def run_backup(settings: Settings, options: argparse.Namespace) -> Answer:
    """Take one."""
    path: Path = options.to or default_path(settings)
    manifest = take(settings, path, with_keys=options.with_keys)
    rows = sum(entry.rows for entry in manifest.tables.values())
    lines = [
        f"{path}: {rows} rows of {len(manifest.tables)} tables, schema {manifest.revision}",
        f"register: {manifest.register_size} events, root {manifest.register_root}",
        "with the keys: keep it as secret as they are"
        if manifest.keys
        else f"without the keys: keep {settings.keys} elsewhere, or say --with-keys",
    ]
    return {"file": str(path), **_told(manifest)}, "\n".join(lines)


def run_restore(settings: Settings, options: argparse.Namespace) -> Answer:
    """Put one in force."""
    done: Restored = restore(settings, options.file, replace=options.replace)
    lines = [
        f"restored {options.file} into {settings.database}",
        f"register: {done.size} events, verified; documents are of epoch {done.epoch} now",
        f"lost: {done.lost}",
        f"{done.sessions_ended} browser sessions were ended",
        f"roles, passwords and keys are as of {done.lost.since}: {RETURNED}",
    ]
    if done.revoked_again:
        lines.append(f"taken away since, and so again: {', '.join(done.revoked_again)}")
    if done.inbox:
        lines.append("the ingress's inbox was put back, without whom lake/redactions has as erased")
    if done.kept is not None:
        lines.append(f"what was there before: {done.kept}")
    report = {
        "epoch": done.epoch,
        "register_size": done.size,
        "lost": done.lost.told(),
        "sessions_ended": done.sessions_ended,
        "revoked_again": done.revoked_again,
        "keys_written": done.keys_written,
        "kept": done.kept and str(done.kept),
        "inbox": done.inbox,
    }
    return report, "\n".join(lines)


def run_upgrade(settings: Settings, options: argparse.Namespace) -> Answer:
    """Migrate, or say what that would do."""
    if options.dry_run:
        plan = plan_upgrade(settings.database)
        return _plan(plan, None), _plan_text(plan, "would go")
    with holding(settings.home, alone=True):
        database = Database(settings.database, maintenance=True)
        try:
            refuse_if_served(database)
        finally:
            database.dispose()
        done: Upgraded = upgrade_safely(settings)
    text = _plan_text(done.plan, "went")
    if done.backup is not None:
        text += f"\nbackup of what was before: {done.backup}"
    return _plan(done.plan, done.backup), text


def _plan(plan: Plan, backup: Path | None) -> dict[str, Any]:
    steps = [{"revision": revision, "brings": what} for revision, what in plan.steps]
    where = None if backup is None else str(backup)
    return {"from": plan.before, "to": plan.after, "steps": steps, "backup": where}


def _plan_text(plan: Plan, verb: str) -> str:
    if not plan.steps:
        return f"schema {plan.after}: nothing to do"
    lines = [f"  {revision}  {what}" for revision, what in plan.steps]
    return "\n".join(
        [f"the schema {verb} from {plan.before or 'nothing'} to {plan.after}:", *lines]
    )


def _told(manifest: BackupManifest) -> dict[str, Any]:
    members: dict[str, Any] = msgspec.to_builtins(manifest)
    return {"digest": manifest.digest(), **members, "keys": sorted(manifest.keys)}


def _fail(command: str, error: Exception, code: int) -> int:
    sys.stderr.write(f"signalbox {command}: {error}\n")
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="signalbox")
    commands = parser.add_subparsers(dest="command", required=True)
    backup = _command(
        commands, "backup", run_backup, "write all tables into one file; safe while running"
    )
    backup.add_argument("--to", type=Path, help="file to write; backups/ of the home by default")
    backup.add_argument("--with-keys", action="store_true", help="the home's key files too")
    restored = _command(commands, "restore", run_restore, "put a backup in force")
    restored.add_argument("file", type=Path, help="a backup")
    restored.add_argument("--replace", action="store_true", help="give up what is there")
    upgraded = _command(commands, "upgrade", run_upgrade, "bring the schema up to this release")
    upgraded.add_argument("--dry-run", action="store_true", help="say what it would do")
    return parser


def _command(
    commands: Any, name: str, run: Callable[[Settings, argparse.Namespace], Answer], text: str
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
