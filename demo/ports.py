"""Are the ports free? Asked before anything is started."""

import errno
import socket

from bentos.contract.errors import ContractError

HOST = "127.0.0.1"


def check_free(port: int, what: str) -> None:
    """Raise ContractError if nobody could listen on ``port`` of this machine now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise ContractError(
                    f"port {port} ({what})",
                    "to be free",
                    "another process listens on it",
                    "End that process, or choose other ports with --port-base N.",
                ) from error
            raise ContractError(f"port {port} ({what})", "to be usable", str(error)) from error
