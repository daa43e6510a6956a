"""The steps every model shares: sync, consent, pseudonymise, check."""

from datetime import datetime
from pathlib import Path

from training import consent
from training.errors import ConsentError
from training.fingerprint import file_digest
from training.lines import content_digest, prepare_lines, resolve
from training.nightly import accepted, bad_data
from training.nightly.accepted import Accepted
from training.nightly.advice import SCHEMA
from training.nightly.errors import BadDataError, PassingError
from training.nightly.finding import Finding
from training.nightly.night import Night
from training.nightly.outputs import Checked, Consented, Pseudonymised, Redacted, Synced
from training.order_file import literal


def sync(night: Night, redacted: Redacted) -> Synced:
    """Which orders there are tonight. Nothing that names a shopper is written."""
    del redacted
    from training import order_file  # noqa: PLC0415 - DuckDB
    from training.orders import connect  # noqa: PLC0415

    # Asked before anything is read, and again by the step that says so.
    _admission(night)
    unread: dict[str, str] = {}
    if night.source.shop:
        from training.nightly.shop_sync import sync_shop  # noqa: PLC0415 - HTTP

        unread = sync_shop(night.settings)
    path, mapping = resolve(night.settings, night.source)
    with connect(night.settings.training_memory) as connection:
        columns = order_file.column_types(connection, path)
    return Synced(
        source=path.name,
        content=content_digest(path, mapping),
        mapping=mapping.name,
        columns=columns,
        unread=unread,
    )


def consented(night: Night, synced: Synced) -> Consented:
    """The basis, before a single line is read; raises ConsentError without one. Each model's own
    consent is asked for again where its features are made."""
    del synced
    admitted = _admission(night)
    return Consented(basis=admitted.basis, digest=admitted.digest())


def _admission(night: Night) -> consent.Admission:
    """Ask for the consents; a control plane that cannot be reached may come back."""
    from training.consent_desk import UnreachableError  # noqa: PLC0415 - HTTP

    source = night.source
    try:
        if source.shop:
            # Before its first sync there is no file to resolve.
            return consent.admit_own(night.settings, source.consent_basis)
        _, mapping = resolve(night.settings, source)
        return consent.admit(night.settings, mapping, source.consent_basis)
    except ConsentError as error:
        if isinstance(error.__context__, UnreachableError):
            raise PassingError(str(error)) from error
        raise


def pseudonymise(night: Night, synced: Synced, basis: Consented) -> Pseudonymised:
    """Canonical lines, customers as pseudonyms before anything touches the disk."""
    del synced, basis
    lines = prepare_lines(night.settings, night.source)
    return Pseudonymised(lines=lines, file_digest=file_digest(Path(lines.path)))


def check(night: Night, synced: Synced, made: Pseudonymised) -> Checked:
    """Stop here, with the rows, what nothing should learn from; raises BadDataError."""
    from training.orders import connect  # noqa: PLC0415

    before = accepted.load(night.settings.lake, synced.source)
    settings = night.settings
    with connect(settings.training_memory, settings.training_threads, settings.spill) as connection:
        path = literal(made.lines.path)
        connection.execute(f"CREATE TEMP VIEW lines AS FROM read_parquet({path})")
        names, findings = bad_data.find(
            connection,
            night.now,
            night.nightly.nightly_max_age_days,
            None if before is None else before.last,
        )
    changed = None if before is None else bad_data.schema_change(before.columns, synced.columns)
    all_found: tuple[Finding, ...] = findings if changed is None else (changed, *findings)
    stopping = tuple(each for each in all_found if each.check not in night.record.accept)
    if stopping:
        raise BadDataError(stopping)
    first, last = str(made.lines.report["first"]), str(made.lines.report["last"])
    fit = Accepted(columns=synced.columns, last=datetime.fromisoformat(last))
    accepted.save(night.settings.lake, synced.source, fit)
    return Checked(
        lines=made.lines,
        lines_digest=made.digest,
        checks=(SCHEMA, *names),
        overruled=all_found,
        first=first,
        last=last,
    )


def lines_stand(made: Pseudonymised) -> bool:
    """Whether the lines are there with the bytes that were written."""
    path = Path(made.lines.path)
    return path.is_file() and file_digest(path) == made.file_digest
