"""The ingress's SQLite file: what came, what was made of it, what is still to be done.

``synchronous=FULL`` in WAL: what is committed survives the power cut. One connection writes (the
inbox writer's thread); readers have their own. Times of deliveries are texts (``clock``), times
of Shopify's things microseconds since 1970, money and prices doubles or texts as said.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path

SCHEMA_VERSION = 3
BUSY_MS = 5000
LOG_BYTES = 64 * 1024 * 1024
"""What stays of the log when it begins anew; while a long read lasts it may be longer."""


class State(IntEnum):
    """Of a delivery."""

    WAITING = 0
    APPLIED = 1
    STALE = 2
    """Something newer of the same thing had been applied."""
    SET_ASIDE = 3
    """It could not be read or applied; shown by ``signalbox ingress set-aside``."""
    IGNORED = 4
    """Of a topic that nothing here is made of."""


SCHEMA = """
CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    client_id TEXT NOT NULL, webhook_id TEXT NOT NULL,
    topic TEXT NOT NULL, shop TEXT NOT NULL, domain TEXT NOT NULL,
    received_at TEXT NOT NULL, state INTEGER NOT NULL,
    kept BLOB, attempts INTEGER NOT NULL DEFAULT 0, error TEXT, done_at TEXT,
    UNIQUE (client_id, webhook_id)
);
CREATE INDEX delivery_waiting ON delivery (seq) WHERE state = 0;
CREATE INDEX delivery_aside ON delivery (seq) WHERE state = 3;
CREATE INDEX delivery_done ON delivery (done_at) WHERE done_at IS NOT NULL;
CREATE TABLE tally (
    topic TEXT NOT NULL, state INTEGER NOT NULL, count INTEGER NOT NULL,
    PRIMARY KEY (topic, state)
) WITHOUT ROWID;
CREATE TABLE shop_order (
    domain TEXT NOT NULL, id INTEGER NOT NULL, shop TEXT NOT NULL,
    updated_us INTEGER NOT NULL, created_us INTEGER NOT NULL, offset_s INTEGER NOT NULL,
    customer TEXT, amount REAL NOT NULL, items INTEGER NOT NULL, currency TEXT,
    cancelled_us INTEGER, cancel_reason TEXT, financial_status TEXT, fulfillment_status TEXT,
    test INTEGER NOT NULL, PRIMARY KEY (domain, id)
) WITHOUT ROWID;
CREATE INDEX order_customer ON shop_order (domain, customer, created_us)
    WHERE customer IS NOT NULL;
CREATE TABLE order_line (
    domain TEXT NOT NULL, order_id INTEGER NOT NULL, number INTEGER NOT NULL,
    created_us INTEGER NOT NULL, customer TEXT, test INTEGER NOT NULL,
    product INTEGER, variant INTEGER, quantity INTEGER NOT NULL,
    unit_price REAL NOT NULL, list_price REAL NOT NULL,
    PRIMARY KEY (domain, order_id, number)
) WITHOUT ROWID;
CREATE INDEX line_product ON order_line (domain, product, created_us) WHERE test = 0;
CREATE TABLE product (
    domain TEXT NOT NULL, id INTEGER NOT NULL, updated_us INTEGER NOT NULL, status TEXT,
    PRIMARY KEY (domain, id)
) WITHOUT ROWID;
CREATE TABLE inventory (
    domain TEXT NOT NULL, item INTEGER NOT NULL, location INTEGER NOT NULL,
    updated_us INTEGER NOT NULL, available INTEGER, PRIMARY KEY (domain, item, location)
) WITHOUT ROWID;
CREATE TABLE outcome (
    domain TEXT NOT NULL, kind TEXT NOT NULL, source INTEGER NOT NULL, order_id INTEGER NOT NULL,
    at_us INTEGER NOT NULL, amount TEXT, currency TEXT, detail TEXT, status TEXT,
    rank INTEGER NOT NULL, fraud INTEGER, known_at TEXT NOT NULL,
    PRIMARY KEY (domain, kind, source)
) WITHOUT ROWID;
CREATE INDEX outcome_order ON outcome (domain, order_id);
CREATE TABLE compliance_request (
    seq INTEGER PRIMARY KEY, topic TEXT NOT NULL, shop TEXT NOT NULL, domain TEXT NOT NULL,
    subjects TEXT NOT NULL, order_ids TEXT NOT NULL, data_request INTEGER,
    received_at TEXT NOT NULL, due_at TEXT NOT NULL, taken_at TEXT
);
CREATE TABLE bulk_hint (
    domain TEXT NOT NULL, id TEXT NOT NULL, status TEXT, error TEXT, heard_at TEXT NOT NULL,
    PRIMARY KEY (domain, id)
) WITHOUT ROWID;
CREATE TABLE uninstalled (domain TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE assessment (
    domain TEXT NOT NULL, order_id INTEGER NOT NULL, state TEXT NOT NULL, queued_at TEXT NOT NULL,
    due_at TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, pending TEXT NOT NULL DEFAULT '',
    features TEXT, decision_id TEXT, version TEXT, probability REAL, level TEXT, facts TEXT,
    sent_at TEXT, error TEXT, PRIMARY KEY (domain, order_id)
) WITHOUT ROWID;
CREATE INDEX assessment_due ON assessment (due_at) WHERE state IN ('queued', 'scored', 'sending');
CREATE TABLE cursor (
    domain TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (domain, name)
) WITHOUT ROWID;
CREATE TABLE erased (name TEXT PRIMARY KEY, before_us INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX assessment_scored ON assessment (domain, queued_at) WHERE features IS NOT NULL;
"""
_ERASED, _SCORED = SCHEMA.index("CREATE TABLE erased"), SCHEMA.index("CREATE INDEX assessment_sc")
CHANGES = {1: SCHEMA[_ERASED:_SCORED], 2: SCHEMA[_SCORED:]}
"""Schema version → what leads to the next one."""


def open_inbox(path: Path) -> sqlite3.Connection:
    """The writing connection; makes the file (0600) and its tables where they lack."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    connection = _connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {LOG_BYTES}")
    # Rows that are gone are overwritten: redaction must not leave them in free pages.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA cache_size = -32768")
    with transaction(connection):
        version = _version(connection)
        while version in CHANGES or version == 0:
            _carry_out(connection, CHANGES.get(version, SCHEMA))
            version = version + 1 if version else SCHEMA_VERSION
            connection.execute(f"PRAGMA user_version = {version}")
    if _version(connection) != SCHEMA_VERSION:
        raise OSError(f"{path}: expected schema {SCHEMA_VERSION}, got {_version(connection)}")
    return connection


def read_inbox(path: Path, *, write: bool = False) -> sqlite3.Connection:
    """A connection to a file that is there, which only reads unless it may ``write`` as well;
    raises sqlite3.OperationalError where there is none."""
    address = f"file:{path.absolute()}?mode={'rw' if write else 'ro'}"
    connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA secure_delete = ON")
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _carry_out(connection: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
    return connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
