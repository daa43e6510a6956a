"""Sync, consent and pseudonymise: from an order file to canonical lines in the lake.

The three steps run on one in-memory database, because what lies between them names shoppers.
"""

from pathlib import Path

import msgspec

from training import consent, progress
from training import mapping as mappings
from training.atomic import folder
from training.fingerprint import file_digest, key_of, lock_digest, source_digest
from training.lake import load_record, save_record
from training.mapping import Mapping
from training.pseudonyms import KEY_FILE, load_key
from training.settings import Settings

LINES_FILE = "lines.parquet"
# What decides how lines come out of a file.
CODE = (
    "training/lines.py",
    "training/mapping.py",
    "training/mappings",
    "training/order_check.py",
    "training/order_file.py",
    "training/orders.py",
    "training/pseudonyms.py",
)


class OrderSource(msgspec.Struct, frozen=True, kw_only=True):
    """Which orders, by which mapping, on which basis. None means: the default, or guess."""

    orders: Path | None = None
    mapping: str | None = None
    consent_basis: str | None = None
    pseudonym_key_file: Path | None = None


class Lines(msgspec.Struct, frozen=True, kw_only=True):
    """Canonical, pseudonymised order lines: where they are and where they come from."""

    path: str
    source: str
    source_digest: str
    mapping: str
    timezone: str
    shop: str
    consent_basis: str
    pseudonym_key_id: str
    assumptions: tuple[str, ...]
    report: dict[str, object]


def prepare_lines(settings: Settings, source: OrderSource) -> Lines:
    """The lines of a source, read again only if file, mapping, key or code changed.

    Raises ConsentError before anything is read, OrderError for what the file has wrong.
    """
    path, mapping = resolve(source)
    basis = consent.consent_basis(mapping, source.consent_basis)
    key = load_key(source.pseudonym_key_file or settings.keys / KEY_FILE)
    content = content_digest(path, mapping)
    cache_key = key_of(
        content=content,
        mapping=msgspec.to_builtins(mapping),
        pseudonym_key=key.key_id,
        shop=settings.shop,
        basis=basis,
        lock=lock_digest(),
        code=source_digest(*CODE),
    )
    done = load_record(settings.lake, "lines", cache_key, Lines)
    if done is not None and Path(done.path).is_file():
        return done
    from training import orders, pseudonyms  # noqa: PLC0415 - DuckDB is not needed for a hit

    place = settings.lake / "orders" / cache_key[:32]
    connection = orders.connect(settings.training_memory, settings.training_threads)
    try:
        with progress.step(f"sync {path.name}"):
            report = orders.sync(connection, path, mapping, settings.shop)
        with progress.step("pseudonymise"):
            pseudonyms.pseudonymise(connection, key, settings.shop)
            with folder(place) as partial:
                # One thread: row groups, and so the bytes, come out the same each time.
                connection.execute("SET threads = 1")
                connection.execute(
                    "COPY (FROM lines ORDER BY ordered_at, order_id, line) "
                    f"TO '{(partial / LINES_FILE).as_posix()}' (FORMAT parquet, COMPRESSION zstd)"
                )
    finally:
        connection.close()
    lines = Lines(
        path=(place / LINES_FILE).as_posix(),
        source=path.name,
        source_digest=content,
        mapping=mapping.name,
        timezone=mapping.timezone,
        shop=settings.shop,
        consent_basis=basis,
        pseudonym_key_id=key.key_id,
        assumptions=mapping.assumptions,
        report=msgspec.to_builtins(report),
    )
    save_record(settings.lake, "lines", cache_key, lines)
    return lines


def resolve(source: OrderSource) -> tuple[Path, Mapping]:
    """The file of a source and how it is read: as named, else guessed from its columns."""
    from training import order_file  # noqa: PLC0415

    path = source.orders or order_file.default_file()
    if source.mapping is not None:
        return path, mappings.load(source.mapping)
    if source.orders is None:
        return path, mappings.load("complete_journey")
    from training.orders import connect  # noqa: PLC0415

    with connect() as connection:
        return path, mappings.guess(order_file.column_names(connection, path), path.name)


def content_digest(path: Path, mapping: Mapping) -> str:
    """SHA-256 hex over the file and what lies beside it; raises OrderError without it."""
    from training.errors import OrderError  # noqa: PLC0415

    if not path.is_file():
        raise OrderError("--orders", "a file", str(path))
    parts = {path.name: file_digest(path)}
    if mapping.join is not None:
        beside = path.with_name(mapping.join.file)
        if beside.is_file():
            parts[beside.name] = file_digest(beside)
    return key_of(files=parts)
