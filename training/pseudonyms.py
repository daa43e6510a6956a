"""Customers become pseudonyms while they are still in memory (contract §1)."""

import secrets
from pathlib import Path

import duckdb

from bentos.contract.errors import ContractError
from bentos.contract.identity import (
    MIN_PSEUDONYM_KEY_BYTES,
    PSEUDONYM_LENGTH,
    Pseudonymizer,
    key_fingerprint,
)
from training import atomic
from training.errors import OrderError

KEY_FILE = "pseudonym.key"
KIND = "customer"


def load_key(path: Path) -> Pseudonymizer:
    """The key (hex digits) of ``path``, made with permissions 0600 if it is not there.

    Its id is the key's fingerprint.
    """
    if not path.exists():
        atomic.write_bytes(path, secrets.token_hex(MIN_PSEUDONYM_KEY_BYTES).encode(), 0o600)
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError as error:
        raise ContractError(str(path), "a key in hex digits", "other characters") from error
    return Pseudonymizer(key_fingerprint(key), key)


def pseudonymise(connection: duckdb.DuckDBPyConnection, key: Pseudonymizer, shop: str) -> None:
    """Replace table ``lines`` by one whose ``customer_id`` is a pseudonym (null stays null)."""
    import pyarrow as pa  # noqa: PLC0415 - a sync needs the key alone, and has no room for it

    raw = connection.execute(
        "SELECT DISTINCT customer_id FROM lines WHERE customer_id IS NOT NULL"
    ).fetchall()
    names = [str(row[0]) for row in raw]
    pseudonyms = pa.table(
        {"raw": names, "pseudonym": [key.pseudonym(shop, KIND, name) for name in names]},
        schema=pa.schema([("raw", pa.string()), ("pseudonym", pa.string())]),
    )
    connection.register("pseudonyms", pseudonyms)
    connection.execute("""
        CREATE TEMP TABLE pseudonymised AS
        SELECT lines.* REPLACE (pseudonym AS customer_id)
        FROM lines LEFT JOIN pseudonyms ON lines.customer_id = pseudonyms.raw""")
    connection.execute("DROP TABLE lines")
    connection.execute("ALTER TABLE pseudonymised RENAME TO lines")
    connection.unregister("pseudonyms")


def check(connection: duckdb.DuckDBPyConnection, field: str) -> None:
    """Raises OrderError where table ``lines``, said to hold pseudonyms, names somebody else."""
    form = f"[A-Z2-7]{{{PSEUDONYM_LENGTH}}}"
    row = connection.execute(
        "SELECT count(*) FROM lines WHERE NOT regexp_full_match(customer_id, ?)", [form]
    ).fetchall()[0]
    if row[0]:
        raise OrderError(field, "pseudonyms, as a synced shop has them", f"{row[0]} other lines")
