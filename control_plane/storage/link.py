"""One connection to PostgreSQL: the driver's, with its waits bounded and its errors named.

pg8000 raises one class for everything a server says, and lets a socket's own errors through
when the server goes away. Here they become what PEP 249 names them, which is what
SQLAlchemy's pool goes by: a connection that broke is replaced, a duplicate is an
IntegrityError.
"""

import socket
import ssl
from typing import Any

import pg8000
from pg8000.dbapi import Connection

from control_plane.storage.address import PostgresqlAddress

CONNECT_TIMEOUT_S = 5.0
# Classes of SQLSTATE (PostgreSQL's appendix A).
_INTEGRITY = ("23",)
_NOT_NOW = ("08", "53", "57", "58", "40", "55")
"""Connection, resources, operator, system, rollback of a deadlock, lock not available."""


class Link(Connection):  # type: ignore[misc]
    """A pg8000 connection. Errors: IntegrityError, OperationalError, InterfaceError, …"""

    def handle_messages(self, context: Any) -> None:
        """Read the server's answer to what was sent."""
        try:
            super().handle_messages(context)
        except OSError as error:
            raise pg8000.InterfaceError(f"network error: {error}") from error
        except pg8000.DatabaseError as error:
            raise named(error) from error

    def bound(self, answer_timeout_s: float | None) -> None:
        """How long any single wait for the server may take."""
        self._usock.settimeout(answer_timeout_s)

    def settle(self, settings: str, *, autocommit: bool) -> None:
        """Run statements for the session, outside of any transaction."""
        self.autocommit = True
        if settings:
            self.execute_simple(settings)
        self.autocommit = autocommit


def named(error: pg8000.DatabaseError) -> pg8000.Error:
    """A server's error as the class PEP 249 has for it."""
    told = error.args[0] if error.args else None
    if not isinstance(told, dict):
        return error
    state, text = told.get("C", ""), _text(told)
    if told.get("V", told.get("S")) in ("FATAL", "PANIC"):
        # The server closes the connection after that; the dialect knows it by these words.
        return pg8000.InterfaceError(f"network error: {text}")
    if state.startswith(_INTEGRITY):
        return pg8000.IntegrityError(text)
    if state.startswith(_NOT_NOW):
        return pg8000.OperationalError(text)
    return pg8000.ProgrammingError(text)


def _text(told: dict[str, str]) -> str:
    return f"{told.get('M', '')} (SQLSTATE {told.get('C', '')})"


def open_link(
    address: PostgresqlAddress,
    answer_timeout_s: float | None,
    settings: str = "",
    *,
    autocommit: bool = False,
    application: str = "signalbox",
) -> tuple[Link, socket.socket]:
    """Connect; also hands over a second handle of the socket, to wait on.

    ``answer_timeout_s`` bounds every single wait for the server, ``settings`` are statements
    for the new session. Raises pg8000's errors, and ContractError for a password file that
    cannot be read.
    """
    password = address.password()
    handle = watched = None
    try:
        handle = _connected(address)
        watched = handle.dup()
        link = _greet(address, handle, password, application)
        link.bound(answer_timeout_s)
        link.settle(settings, autocommit=autocommit)
    except BaseException as error:
        for each in (handle, watched):
            if each is not None:
                each.close()
        if isinstance(error, OSError):
            raise pg8000.InterfaceError(f"network error: {error}") from error
        raise
    return link, watched


def _connected(address: PostgresqlAddress) -> socket.socket:
    if address.socket_path is None:
        handle = socket.create_connection((address.host, address.port), CONNECT_TIMEOUT_S)
        # A peer that vanished without a word is noticed within half a minute.
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name, value in (("TCP_KEEPIDLE", 10), ("TCP_KEEPINTVL", 5), ("TCP_KEEPCNT", 4)):
            if hasattr(socket, name):
                handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return handle
    handle = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    handle.settimeout(CONNECT_TIMEOUT_S)
    handle.connect(address.socket_path)
    return handle


def _greet(
    address: PostgresqlAddress, handle: socket.socket, password: str | None, application: str
) -> Link:
    try:
        return Link(
            address.user,
            host=address.host,
            database=address.database,
            port=address.port,
            password=password,
            ssl_context=_tls(address),
            application_name=application,
            sock=handle,
        )
    except pg8000.Error as error:
        told = error.args[0] if error.args else None
        if not isinstance(told, dict):
            raise
        # Refused: a wrong password, no such database, too many connections.
        raise pg8000.OperationalError(_text(told)) from error


def _tls(address: PostgresqlAddress) -> ssl.SSLContext | bool | None:
    """What pg8000 takes: False for none, None for "if the server can", or a context."""
    if address.tls == "disable":
        return False
    if address.tls == "prefer":
        return None
    context = ssl.create_default_context(cafile=address.root_certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if address.tls != "verify-full":
        context.check_hostname = False
    if address.tls == "require" and address.root_certificate is None:
        context.verify_mode = ssl.CERT_NONE
    if address.certificate is not None:
        context.load_cert_chain(address.certificate, address.certificate_key)
    return context
