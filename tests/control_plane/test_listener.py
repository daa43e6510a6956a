import socket

import pytest

from control_plane.listener import BACKLOG, bind

HOST = "127.0.0.1"


def test_who_comes_before_it_listens_is_refused_at_once():
    with bind(HOST, 0) as listener:
        place = listener.getsockname()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(place, 1)
        listener.listen(BACKLOG)
        socket.create_connection(place, 1).close()


def test_an_address_that_is_taken_is_known_when_it_is_bound():
    with bind(HOST, 0) as listener:
        listener.listen(BACKLOG)
        with pytest.raises(OSError, match="in use"):
            bind(HOST, listener.getsockname()[1])
