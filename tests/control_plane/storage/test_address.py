from pathlib import Path

import pytest

from bentos.contract.errors import ContractError
from control_plane.config import Settings
from control_plane.storage.address import parse_address

SECRET = "p@ss/word"
WHOLE = "postgresql://ada:p%40ss%2Fword@db.example:6000/shop%20one?sslmode=require"


def test_all_of_a_url_is_understood_and_its_password_never_shown():
    address = parse_address(WHOLE)
    assert (address.host, address.port, address.database) == ("db.example", 6000, "shop one")
    assert (address.user, address.password(), address.tls) == ("ada", SECRET, "require")
    shown = f"{address} {address!r} {Settings(database_url=WHOLE)!r}"
    assert "postgresql://ada@db.example:6000/shop%20one" in shown
    assert "ss/word" not in shown
    assert "ss%2F" not in shown


@pytest.mark.parametrize(
    ("url", "tls"),
    [
        ("postgresql://u@db.example/d", "verify-full"),
        ("postgresql://u@localhost/d", "disable"),
        ("postgres://u@[::1]/d", "disable"),
        ("postgresql://u@/d?host=/run/postgresql", "disable"),
        ("postgresql://u@localhost/d?sslmode=verify-ca", "verify-ca"),
    ],
)
def test_a_server_elsewhere_proves_itself_unless_told_otherwise(url, tls):
    assert parse_address(url).tls == tls


def test_a_socket_is_named_by_its_folder_and_port():
    address = parse_address("postgresql://u@:6000/d?host=/run/postgresql")
    assert address.socket_path == "/run/postgresql/.s.PGSQL.6000"
    assert str(address) == "postgresql://u@/d?host=/run/postgresql"


def test_a_file_is_sqlite():
    assert parse_address("sqlite:////var/x.db") == Path("/var/x.db")
    assert parse_address("sqlite:///x.db") == Path("x.db")
    home = Settings(home=Path("home"))
    assert home.database == Path("home/control_plane/signalbox.db")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://u@h/d", "the scheme 'mysql'"),
        ("postgresql://h/d", "without a user"),
        ("postgresql://u@h", "without a database"),
        ("postgresql://u:pw@/d", "without a host"),
        ("postgresql://u:pw@h:port/d", "malformed host or port"),
        ("postgresql://u:pw@h/d?sslmode=on", "sslmode one of disable, prefer"),
        ("postgresql://u:pw@h/d?sslmode=require&connect=1", "no options but"),
        ("postgresql://u:pw@/d?host=/run&sslmode=require", "no TLS over a Unix socket"),
        ("postgresql://u:pw@h/d?sslrootcert=/no/such.pem", "sslrootcert to name a file"),
        ("sqlite://host/x.db", "sqlite:///FILE"),
    ],
)
def test_what_makes_no_sense_is_said_without_the_password(url, said):
    with pytest.raises(ContractError, match="SIGNALBOX_DATABASE_URL") as caught:
        parse_address(url)
    assert said in str(caught.value)
    assert "pw" not in str(caught.value)


def test_the_password_s_file_is_read_each_time(tmp_path):
    file = tmp_path / "password"
    address = parse_address("postgresql://u:old@h/d", file)
    with pytest.raises(ContractError, match="DATABASE_PASSWORD_FILE"):
        address.password()
    file.write_text("first\n")
    assert address.password() == "first"
    file.write_text("second")
    assert address.password() == "second"
