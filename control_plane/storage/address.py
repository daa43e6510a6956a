"""Where the database is: a SQLite file, or a PostgreSQL server by URL.

A password never shows: not in ``str``, not in ``repr``, not in an error.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from bentos.contract.errors import ContractError

SETTING = "SIGNALBOX_DATABASE_URL"
FORM = "postgresql://user@host:5432/database?sslmode=verify-full"
DEFAULT_PORT = 5432
TLS_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")
"""libpq's words. ``prefer`` and ``require`` encrypt and check nobody's certificate."""
_OPTIONS = ("host", "sslmode", "sslrootcert", "sslcert", "sslkey")
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, kw_only=True)
class PostgresqlAddress:
    """A database on a PostgreSQL server. A ``host`` that begins with / is a socket's folder."""

    host: str
    port: int
    database: str
    user: str
    given_password: str | None = None
    password_file: Path | None = None
    tls: str
    root_certificate: Path | None = None
    certificate: Path | None = None
    certificate_key: Path | None = None

    @property
    def socket_path(self) -> str | None:
        """The Unix socket, if it is one."""
        return f"{self.host}/.s.PGSQL.{self.port}" if self.host.startswith("/") else None

    def password(self) -> str | None:
        """Read anew for every connection, so that rotating it takes no restart.

        Raises ContractError when the file cannot be read.
        """
        if self.password_file is None:
            return self.given_password
        try:
            return self.password_file.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(
                "SIGNALBOX_DATABASE_PASSWORD_FILE", "a readable file", str(self.password_file)
            ) from error

    def __str__(self) -> str:
        user, database = quote(self.user, safe=""), quote(self.database, safe="")
        if self.socket_path is not None:
            return f"postgresql://{user}@/{database}?host={self.host}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{user}@{host}:{self.port}/{database}"

    __repr__ = __str__


Address = Path | PostgresqlAddress


def parse_address(url: str, password_file: Path | None = None) -> Address:
    """Understand a URL; raises ContractError for one that says something unknown."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORT
    except ValueError as error:
        raise _wrong("a URL", "one with a malformed host or port") from error
    if parts.scheme == "sqlite":
        return _sqlite_file(parts.netloc, parts.path)
    if parts.scheme not in ("postgresql", "postgres"):
        raise _wrong(f"{FORM}, or sqlite:///FILE", f"the scheme {parts.scheme!r}")
    options = _options(parts.query)
    host = options.get("host") or unquote(parts.hostname or "")
    database, user = unquote(parts.path.removeprefix("/")), unquote(parts.username or "")
    if not (host and database and user):
        missing = "host" if not host else "database" if not database else "user"
        raise _wrong(FORM, f"one without a {missing}")
    return PostgresqlAddress(
        host=host,
        port=port,
        database=database,
        user=user,
        given_password=unquote(parts.password) if parts.password else None,
        password_file=password_file,
        tls=_tls(options, host),
        root_certificate=_file(options, "sslrootcert"),
        certificate=_file(options, "sslcert"),
        certificate_key=_file(options, "sslkey"),
    )


def _sqlite_file(netloc: str, path: str) -> Path:
    if netloc or len(path) < 2:
        raise _wrong("sqlite:///FILE or sqlite:////ABSOLUTE/FILE", "another form")
    return Path(unquote(path[1:]))


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name in options:
        if name not in _OPTIONS:
            raise _wrong(f"no options but {', '.join(_OPTIONS)}", name)
    return options


def _tls(options: dict[str, str], host: str) -> str:
    """Across a network the server proves who it is, unless told otherwise."""
    here = host.startswith("/") or host in _HERE
    mode = options.get("sslmode", "disable" if here else "verify-full")
    if mode not in TLS_MODES:
        raise _wrong(f"sslmode one of {', '.join(TLS_MODES)}", mode)
    if host.startswith("/") and mode != "disable":
        raise _wrong("no TLS over a Unix socket", f"sslmode {mode}")
    return mode


def _file(options: dict[str, str], name: str) -> Path | None:
    value = options.get(name)
    if value is None or value == "system":
        return None
    if not Path(value).is_file():
        raise _wrong(f"{name} to name a file", value)
    return Path(value)


def _wrong(expected: str, got: Any) -> ContractError:
    return ContractError(SETTING, expected, got)
