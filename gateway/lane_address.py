"""Where a worker of a version answers, read from the endpoints document."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from bentos.contract.errors import ContractError

UNIX_PREFIX = "unix:"
EXPECTED = "unix:/path or http://host:port[/base]"


@dataclass(frozen=True, slots=True)
class LaneAddress:
    """``unix:/path`` (``path`` is set) or ``http://host:port/base`` (``host`` and ``port`` are).

    ``base`` stands before ``/v2`` in every request's path, "" or "/something".
    """

    text: str
    path: str | None = None
    host: str = "bento"
    port: int = 0
    base: str = ""

    @property
    def host_header(self) -> str:
        """What a request's Host header says; a Unix socket has no name of its own."""
        if self.path is not None:
            return self.host
        name = f"[{self.host}]" if ":" in self.host else self.host
        return f"{name}:{self.port}"


def parse_address(text: str) -> LaneAddress:
    """Read an address; raises ContractError for anything a lane cannot connect to."""
    if text.startswith(UNIX_PREFIX):
        path = text.removeprefix(UNIX_PREFIX)
        if not path.startswith("/"):
            raise ContractError("address", EXPECTED, text)
        return LaneAddress(text, path=path)
    try:
        parts = urlsplit(text)
        port = parts.port or 80
    except ValueError as error:
        raise ContractError("address", EXPECTED, text, str(error)) from error
    # A secret in an address would end up in logs; TLS between gateway and worker ends at a proxy.
    plain = parts.scheme == "http" and parts.hostname and parts.username is None
    if not plain or parts.query or parts.fragment or any(c.isspace() for c in text):
        raise ContractError("address", EXPECTED, text)
    return LaneAddress(text, host=parts.hostname or "", port=port, base=parts.path.rstrip("/"))
