"""What happens when the server goes away, or is not the one it should be."""

import contextlib
import datetime
import select
import signal
import socket
import ssl
import struct
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from control_plane.audit.service import Change, list_events, record
from control_plane.db import Database
from control_plane.errors import UnavailableError
from control_plane.migrations.upgrade import upgrade
from control_plane.principal import system
from control_plane.storage.address import parse_address
from tests.planted_data import PlantedData
from tests.postgresql_server import PASSWORD, PostgresqlServer


def append(database):
    with database.write() as session:
        record(session, system("test"), Change(action=Action.KILL_SET, entity="kill:x"))


def count(database):
    with database.read() as session:
        return len(list_events(session))


def drop_connections(server, database):
    server.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{database.address.database}'"
    )


@pytest.fixture
def opened(postgresql, postgresql_databases):
    """A database with eight connections that were used, and the server."""
    database = Database(postgresql_databases.migrated())
    append(database)
    database.data_version()
    yield postgresql(), database
    database.dispose()


def test_dropped_connections_cost_nobody_a_request(opened):
    server, database = opened
    with contextlib.ExitStack() as many:
        for _ in range(4):
            many.enter_context(database.read()).connection()
    before = database.data_version()
    drop_connections(server, database)
    append(database)
    assert database.data_version() != before
    for _ in range(4):
        assert count(database) == 2


def test_a_connection_dropped_in_the_middle_undoes_the_change(opened):
    server, database = opened

    def append_twice():
        with database.write() as session:
            record(session, system("test"), Change(action=Action.KILL_SET, entity="kill:x"))
            drop_connections(server, database)
            record(session, system("test"), Change(action=Action.KILL_SET, entity="kill:y"))

    with pytest.raises(UnavailableError):
        append_twice()
    assert count(database) == 1
    append(database)
    assert count(database) == 2


def test_a_restarted_server_is_used_again_and_heard_again(postgresql_server):
    name = postgresql_server.fresh()
    address = parse_address(postgresql_server.url(name))
    upgrade(address)
    database, other = Database(address), Database(address)
    heard = threading.Event()
    database.listen(heard.set)
    append(other)
    assert heard.wait(60)
    postgresql_server.stop()
    for use in (append, count, Database.data_version):
        with pytest.raises(UnavailableError, match="busy or away"):
            use(database)
    with pytest.raises(UnavailableError, match="postgresql://signalbox@127"):
        Database(address)
    heard.clear()
    postgresql_server.start()
    # Connected again it calls once, since nobody knows what was said meanwhile.
    assert heard.wait(60)
    heard.clear()
    append(other)
    assert heard.wait(60)
    assert count(database) == 2
    database.dispose()
    other.dispose()


def test_a_server_that_hangs_is_given_up(postgresql_server, monkeypatch):
    monkeypatch.setattr("control_plane.storage.postgresql.ANSWER_TIMEOUT_S", 0.3)
    monkeypatch.setattr("control_plane.storage.link.CONNECT_TIMEOUT_S", 0.3)
    address = parse_address(postgresql_server.url(postgresql_server.fresh()))
    upgrade(address)
    database = Database(address)
    append(database)
    postgresql_server.freeze(signal.SIGSTOP)
    try:
        with pytest.raises(UnavailableError):
            count(database)
        with pytest.raises(UnavailableError):
            append(database)
    finally:
        postgresql_server.freeze(signal.SIGCONT)
    assert count(database) == 1
    database.dispose()


@pytest.fixture(scope="module")
def postgresql_server():
    """One that may be stopped."""
    server = PostgresqlServer()
    server.start()
    yield server
    server.close()


def test_who_is_refused_says_so_without_the_password(postgresql, tmp_path):
    file = tmp_path / "password"
    file.write_text("a wrong one")
    url = postgresql().url("postgres")
    with pytest.raises(UnavailableError, match="password authentication failed") as caught:
        Database(parse_address(url, file))
    assert "a wrong one" not in str(caught.value)
    file.write_text(PASSWORD + "\n")
    Database(parse_address(url, file)).dispose()
    with pytest.raises(UnavailableError, match='database "none" does not exist'):
        Database(parse_address(postgresql().url("none")))
    file.unlink()
    with pytest.raises(ContractError, match="PASSWORD_FILE"):
        Database(parse_address(url, file))


def test_a_database_that_mangles_text_is_refused(postgresql):
    server = postgresql()
    server.run("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
    with pytest.raises(ContractError, match="UTF8"):
        Database(parse_address(server.url("latin")))


def test_who_hangs_while_writing_loses_the_lock(postgresql_databases, monkeypatch):
    address = postgresql_databases.migrated()
    monkeypatch.setattr("control_plane.storage.postgresql.WRITER_IDLE_MS", 200)
    hanging, other = Database(address), Database(address)

    def hang():
        with hanging.write() as session:
            record(session, system("test"), Change(action=Action.KILL_SET, entity="kill:x"))
            append(other)
            record(session, system("test"), Change(action=Action.KILL_SET, entity="kill:y"))

    with pytest.raises(UnavailableError):
        hang()
    assert count(other) == 1
    append(hanging)
    assert count(other) == 2
    hanging.dispose()
    other.dispose()


def test_commits_are_durable_even_where_the_server_was_told_otherwise(postgresql):
    server = postgresql()
    name = server.fresh()
    server.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    database = Database(parse_address(server.url(name)))
    with database.write() as session:
        setting = session.connection().exec_driver_sql("SHOW synchronous_commit").scalar_one()
    assert setting == "on"
    with database.read() as session:
        setting = session.connection().exec_driver_sql("SHOW transaction_read_only").scalar_one()
    assert setting == "on"
    database.dispose()


def certificate(folder, name, issuer=None, host=None):
    """PEM files of a certificate for ``host``; signed by itself without an issuer."""
    key = generate_private_key(SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = x509.CertificateBuilder(
        issuer[0].subject if issuer else subject,
        subject,
        key.public_key(),
        x509.random_serial_number(),
        now - datetime.timedelta(days=1),
        now + datetime.timedelta(days=1),
    ).add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    if host:
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        builder = builder.add_extension(names, critical=False)
    made = builder.sign(issuer[1] if issuer else key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / f"{name}.key").write_bytes(pem)
    return made, key


class TlsFront:
    """TLS before a server whose build has none: takes PostgreSQL's SSLRequest, passes on the rest.

    Its certificate is for "localhost", by an authority of its own; it asks for the client's.
    """

    def __init__(self, folder, port):
        issuer = certificate(folder, "authority")
        certificate(folder, "server", issuer, "localhost")
        certificate(folder, "client", issuer)
        certificate(folder, "other")
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self._context.load_verify_locations(folder / "authority.pem")
        self._context.verify_mode = ssl.CERT_OPTIONAL
        self._behind = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.clients = []
        self._served = []
        self._thread = threading.Thread(target=self._accept)
        self._thread.start()

    def close(self):
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in (self._thread, *self._served):
            thread.join()

    def _accept(self):
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            self._served.append(threading.Thread(target=self._serve, args=(caller,)))
            self._served[-1].start()

    def _serve(self, caller):
        with contextlib.suppress(OSError), caller:
            self._pass_on(caller)

    def _pass_on(self, caller):
        assert caller.recv(8) == struct.pack("!ii", 8, 80877103)
        caller.sendall(b"S")
        server = socket.create_connection(("127.0.0.1", self._behind))
        with server, self._context.wrap_socket(caller, server_side=True) as secure:
            self.clients.append(secure.getpeercert())
            while True:
                ready = [secure] if secure.pending() else []
                ready = ready or select.select([secure, server], [], [])[0]
                for source, sink in ((secure, server), (server, secure)):
                    if source in ready:
                        data = source.recv(65536)
                        if not data:
                            return
                        sink.sendall(data)


@pytest.fixture
def tls_front(postgresql, tmp_path):
    front = TlsFront(tmp_path, postgresql().port)
    yield front
    front.close()


def ask(url):
    database = Database(parse_address(url))
    try:
        with database.read() as session:
            return session.connection().exec_driver_sql("SELECT 42").scalar_one()
    finally:
        database.dispose()


def test_a_server_elsewhere_proves_who_it_is(postgresql, tls_front, tmp_path):
    plain = postgresql().url("postgres")
    by_address = plain.replace(f":{postgresql().port}", f":{tls_front.port}")
    by_name = by_address.replace("127.0.0.1", "localhost")
    authority, other = tmp_path / "authority.pem", tmp_path / "other.pem"
    assert ask(f"{by_name}?sslmode=verify-full&sslrootcert={authority}") == 42
    assert ask(f"{by_address}?sslmode=verify-ca&sslrootcert={authority}") == 42
    assert ask(f"{by_address}?sslmode=require") == 42
    assert ask(f"{by_address}?sslmode=prefer") == 42
    assert ask(f"{plain}?sslmode=prefer") == 42
    assert not any(tls_front.clients)
    for url, said in [
        (f"{by_address}?sslmode=verify-full&sslrootcert={authority}", "127.0.0.1"),
        (f"{by_name}?sslmode=verify-full&sslrootcert={other}", "verify failed"),
        (f"{by_name}?sslmode=verify-full", "verify failed"),
        (f"{plain}?sslmode=require", "refuses SSL"),
    ]:
        with pytest.raises(UnavailableError, match=said):
            ask(url)


def test_the_client_proves_who_it_is(postgresql, tls_front, tmp_path):
    url = postgresql().url("postgres").replace(f":{postgresql().port}", f":{tls_front.port}")
    files = f"sslcert={tmp_path / 'client.pem'}&sslkey={tmp_path / 'client.key'}"
    assert ask(f"{url}?sslmode=require&{files}") == 42
    assert all(client["subject"] == ((("commonName", "client"),),) for client in tls_front.clients)


@pytest.mark.slow
def test_what_was_deleted_is_in_no_page_once_its_table_is_rewritten_nor_in_the_statistics(opened):
    server, database = opened
    names = [f"PLANTED{n:019d}" for n in range(300)]
    search = PlantedData(names[:100])
    [[oid]] = server.run(
        f"SELECT oid FROM pg_database WHERE datname = '{database.address.database}'"
    )
    files = server.data / "base" / str(oid)

    def run(statement):
        server.run(statement, database.address.database)
        server.run("CHECKPOINT")

    for name in names:
        run_row = (
            "INSERT INTO exclusion (shop, subject, kind, reason, recorded_at, recorded_by)"
            f" VALUES ('s', '{name}', 'excluded', 'r', 'now', 'admin')"
        )
        server.run(run_row, database.address.database)
    run("ANALYZE exclusion")
    run(f"DELETE FROM exclusion WHERE subject < '{names[100]}'")
    found = {each.place.split("!")[0] for each in search.found_below(files)}
    # The table, and a sample of its values in pg_statistic.
    assert "2619" in found
    assert len(found) >= 2
    with database.read() as reading:
        reading.connection().exec_driver_sql("SELECT count(*) FROM exclusion")
        server.run("SELECT pg_current_xact_id()", database.address.database)
        assert not database.rewrite(["exclusion"])
    assert database.rewrite(["exclusion"])
    server.run("CHECKPOINT")
    assert search.found_below(files) == []
    assert PlantedData(names[100:]).texts_below(files) == set(names[100:])
    # An emptied table's samples are nobody's to take anew.
    with database.write() as writing:
        writing.connection().exec_driver_sql("DELETE FROM exclusion")
    columns = "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
    columns += " WHERE table_name = 'exclusion' ORDER BY 1"
    before = server.run(columns, database.address.database)
    assert database.rewrite(["exclusion"])
    server.run("CHECKPOINT")
    assert PlantedData(names).found_below(files) == []
    assert server.run(columns, database.address.database) == before
