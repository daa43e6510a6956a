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
from bentos.whole_file import write_whole
from training.errors import OrderError

KEY_FILE = "pseudonym.key"
KIND = "customer"


def load_key(path: Path) -> Pseudonymizer:
    """The key (hex digits) of ``path``, made with permissions 0600 if it is not there.

    Its id is the key's fingerprint.
    """
    if not path.exists():
        # Nothing makes this key again: what it stands for must outlive a power cut.
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, secrets.token_hex(MIN_PSEUDONYM_KEY_BYTES))
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except ValueError as error:
        raise ContractError(str(path), "a key in hex digits", "other characters") from error
    return Pseudonymizer(key_fingerprint(key), key)


def check(connection: duckdb.DuckDBPyConnection, query: str, field: str) -> None:
    """Raises OrderError where a ``customer`` of the query, said to be a pseudonym, is none."""
    form = f"[A-Z2-7]{{{PSEUDONYM_LENGTH}}}"
    row = connection.execute(
        f"SELECT count(*) FROM ({query}) WHERE NOT regexp_full_match(customer, ?)",  # noqa: S608
        [form],
    ).fetchall()[0]
    if row[0]:
        raise OrderError(field, "pseudonyms, as a synced shop has them", f"{row[0]} other lines")


def name_customers(
    connection: duckdb.DuckDBPyConnection, query: str, key: Pseudonymizer, shop: str
) -> None:
    """Make the table ``pseudonyms`` (raw, pseudonym) of every ``customer`` of the query."""
    import pyarrow as pa  # noqa: PLC0415 - a sync needs the key alone, and has no room for it

    raw = connection.execute(
        f"SELECT DISTINCT customer FROM ({query}) WHERE customer IS NOT NULL"  # noqa: S608
    ).fetchall()
    names = [str(row[0]) for row in raw]
    found = pa.table(
        {"raw": names, "pseudonym": [key.pseudonym(shop, KIND, name) for name in names]},
        schema=pa.schema([("raw", pa.string()), ("pseudonym", pa.string())]),
    )
    connection.register("named", found)
    connection.execute("CREATE TEMP TABLE pseudonyms AS FROM named")
    connection.unregister("named")
