"""The one listening socket, opened by the parent and inherited by every worker.

Closing one of several SO_REUSEPORT listeners would reset its queue, so there is only one
(contract §8). It stays open for as long as the parent lives, whatever becomes of workers.
"""

import errno
import socket
import time

BACKLOG = 2048
# Workers whose parent was killed let go of the port within this time.
WAIT_FOR_PORT_S = 2.0
RETRY_S = 0.1


def listen(host: str, port: int) -> socket.socket:
    """Open the listening socket; raises OSError when the port stays taken."""
    until = time.monotonic() + (WAIT_FOR_PORT_S if port else 0.0)
    while True:
        try:
            return _open(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise
        time.sleep(RETRY_S)


def _open(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(True)
    return listener
