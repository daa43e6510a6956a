"""The search finds a planted text in each place it says it looks into, and none where none is."""

import base64
import gzip
import io
import sqlite3
import zipfile
import zlib

import duckdb
import lmdb
import numpy as np
import pg8000.native
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.planted_data import PlantedData
from tests.postgresql_server import USER, PostgresqlServer

TEXT = "Planted7f3aShopper"
SEARCH = PlantedData([TEXT, "Planted7f3aOther"])


def finds(folder):
    return {each.text for each in SEARCH.found_below(folder)} == {TEXT}


def zstd(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


def zipped(data):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt", data)
    return file.getvalue()


NOISE = bytes(range(256)) * 3
PACKINGS = {
    "as it is": lambda d: d,
    "lower case": bytes.lower,
    "UTF-16": lambda d: d.decode("latin-1").encode("utf-16-le"),
    "hex": lambda d: d.hex().encode(),
    "HEX": lambda d: d.hex().upper().encode(),
    "base64": base64.b64encode,
    "base64 shifted": lambda d: base64.b64encode(b"a" + d),
    "base64 shifted twice": lambda d: base64.b64encode(b"ab" + d),
    "gzip": gzip.compress,
    "gzip cut off": lambda d: gzip.compress(d + bytes(np.random.default_rng(1).bytes(9999)))[:6000],
    "zlib in the middle": lambda d: NOISE + zlib.compress(d) + NOISE,
    "zstd": zstd,
    "zstd in the middle": lambda d: NOISE + zstd(d) + NOISE,
    "zip": zipped,
    "gzip in zip in zstd": lambda d: zstd(zipped(gzip.compress(d))),
}


@pytest.mark.parametrize("packing", PACKINGS)
def test_a_text_is_found_however_it_is_packed(tmp_path, packing):
    around = b"some words before " + TEXT.encode() + b" and some behind"
    (tmp_path / "file.bin").write_bytes(PACKINGS[packing](around))
    assert finds(tmp_path)
    (tmp_path / "file.bin").write_bytes(PACKINGS[packing](around.replace(b"7f3a", b"0000")))
    assert SEARCH.found_below(tmp_path) == []


def test_a_file_s_name_counts(tmp_path):
    (tmp_path / f"order-{TEXT.lower()}.txt").touch()
    assert finds(tmp_path)


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_a_value_of_a_parquet_file_is_found_in_any_codec(tmp_path, codec):
    table = pa.table({"a": ["x" * 50, TEXT, None], "n": [1, 2, 3]})
    pq.write_table(table, tmp_path / "a.parquet", compression=codec)
    assert finds(tmp_path)


def test_pages_of_parquet_that_no_footer_names_are_found(tmp_path):
    pq.write_table(pa.table({"a": [TEXT] * 9}), tmp_path / "a.parquet", compression="zstd")
    whole = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(whole[: len(whole) // 2])
    assert finds(tmp_path)


def test_bytes_that_say_the_same_are_found_too(tmp_path):
    number = 71_305_000_000_019
    search = PlantedData([str(number)], [(str(number), number.to_bytes(6, "big"))])
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER)")
        connection.execute("INSERT INTO t (a) VALUES (?)", (number,))
    connection.close()
    assert {each.written for each in search.found_below(tmp_path)} == {"bytes"}


def filled(path, text, journal="WAL"):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA journal_mode = {journal}")
    connection.execute("PRAGMA secure_delete = OFF")
    connection.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)")
    connection.executemany("INSERT INTO t (a) VALUES (?)", [("x" * 300,)] * 50 + [(text,)] * 3)
    return connection


def test_rows_sqlite_has_freed_are_found_until_they_are_overwritten(tmp_path):
    connection = filled(tmp_path / "a.db", TEXT, "DELETE")
    connection.execute("DELETE FROM t")
    assert connection.execute("PRAGMA freelist_count").fetchone()[0] > 0
    assert finds(tmp_path)
    connection.execute("VACUUM")
    assert SEARCH.found_below(tmp_path) == []


def test_the_wal_is_looked_into(tmp_path):
    connection = filled(tmp_path / "a.db", TEXT)
    found = {each.place for each in SEARCH.found_below(tmp_path)}
    assert "a.db-wal" in found
    connection.execute("DELETE FROM t")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert SEARCH.found_below(tmp_path) == []


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_a_text_that_sqlite_cuts_in_two_is_found(tmp_path, journal):
    """Pages of 512 bytes cut often: one of these values is cut within the text."""
    for tail in range(600, 1200, 9):
        place = tmp_path / str(tail)
        place.mkdir()
        connection = sqlite3.connect(place / "a.db", isolation_level=None)
        connection.execute("PRAGMA page_size = 512")
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("CREATE TABLE t (a TEXT)")
        text = "y" * 600 + TEXT + "z" * tail
        connection.execute("INSERT INTO t VALUES (?)", (text,))
        if TEXT.encode() not in b"".join(p.read_bytes() for p in place.iterdir()):
            break
    else:
        pytest.fail("it was never cut")
    assert finds(place)
    connection.execute("DELETE FROM t")
    assert finds(place)


@pytest.mark.parametrize("size", [20, 40_000])
def test_pages_lmdb_has_freed_are_found(tmp_path, size):
    with lmdb.open(str(tmp_path), map_size=1 << 22) as store:
        with store.begin(write=True) as transaction:
            transaction.put(b"key", TEXT.encode() + b"." * size)
        with store.begin(write=True) as transaction:
            transaction.delete(b"key")
            transaction.put(b"other", b"x")
    assert finds(tmp_path)


def test_rows_of_a_duckdb_file_are_found_compressed_ones_too(tmp_path):
    path = tmp_path / "a.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET force_compression = 'fsst'")
        connection.execute(f"CREATE TABLE t AS SELECT '{TEXT} of ' || i AS a FROM range(9999) r(i)")
        connection.execute("CHECKPOINT")
    found = SEARCH.found_below(tmp_path)
    assert (path.name + "!main.t", TEXT) in {(each.place, each.text) for each in found}


@pytest.fixture(scope="module")
def server():
    server = PostgresqlServer()
    server.start()
    yield server
    server.close()


PIECES = {
    "short": TEXT,
    "compressed in the row": "a" * 5000 + TEXT + "b" * 5000,
    "compressed and outlined": None,
    "outlined": None,
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", PIECES)
def test_values_of_postgresql_are_found_in_its_files_dead_ones_too(server, kind):
    noise = np.random.default_rng(3).bytes(12_000).hex()
    text = PIECES[kind] or f"{noise}{TEXT}{noise}"
    storage = "EXTERNAL" if kind == "outlined" else "EXTENDED"
    socket = f"{server.folder}/.s.PGSQL.{server.port}"
    name = server.fresh()
    connection = pg8000.native.Connection(USER, unix_sock=socket, database=name, ssl_context=False)
    connection.run("CREATE TABLE t (id int, a text COMPRESSION pglz)")
    connection.run(f"ALTER TABLE t ALTER a SET STORAGE {storage}")
    connection.run("INSERT INTO t VALUES (1, :text)", text=text)
    assert found_of(server, connection) == {TEXT}
    connection.run("DELETE FROM t")
    assert found_of(server, connection) == {TEXT}
    connection.run("VACUUM FULL t")
    assert found_of(server, connection) == set()
    connection.close()


def found_of(server, connection):
    """What is found in the files of the table and of what it keeps elsewhere."""
    connection.run("CHECKPOINT")
    [[table, outlined]] = connection.run(
        "SELECT pg_relation_filepath(oid), pg_relation_filepath(reltoastrelid) "
        "FROM pg_class WHERE relname = 't'"
    )
    files = [server.data / each for each in (table, outlined)]
    return {each.text for file in files for each in SEARCH.found_in_file(file)}
