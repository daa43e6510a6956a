"""The socket, and how long the kernel waits for peers that do not take what is sent.

It is bound early, so that an address that is taken is known before anything else is done, and
listens late: who comes before anybody can answer is refused and comes back, instead of waiting
for an answer until their patience is over.
"""

import socket

BACKLOG = 2048
# Heartbeats that nobody acknowledges, or for which a reader makes no room, end a connection
# after this time; without it a half-open one would stay for a quarter of an hour.
UNACKNOWLEDGED_MS = 10_000
# What the kernel keeps unsent for one subscriber. Left alone it grows to megabytes.
SEND_BUFFER_BYTES = 256 * 1024


def bind(host: str, port: int) -> socket.socket:
    """Take the address; connections inherit the options. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_MS)
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener
