import socket
import stat

import pytest

from bentos.contract.errors import ContractError
from bentos.worker_socket import MAX_PATH_BYTES, WorkerSocket


@pytest.fixture
def opened():
    made = []
    yield lambda listening: made.append(listening) or listening
    for listening in made:
        listening.sock.close()


def test_the_path_appears_when_published_and_goes_when_withdrawn(tmp_path, opened):
    path = tmp_path / "w.sock"
    listening = opened(WorkerSocket.unix(path))
    assert not path.exists()
    listening.publish()
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert str(listening) == f"unix:{path}"
    listening.withdraw()
    assert list(tmp_path.iterdir()) == []


def test_withdrawn_before_published_leaves_nothing(tmp_path, opened):
    opened(WorkerSocket.unix(tmp_path / "w.sock")).withdraw()
    assert list(tmp_path.iterdir()) == []


def test_a_stale_socket_is_replaced(tmp_path, opened):
    path = tmp_path / "w.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    listening = opened(WorkerSocket.unix(path))
    listening.publish()
    listening.sock.listen()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_live_socket_is_left_alone(tmp_path, opened):
    path = tmp_path / "w.sock"
    with socket.socket(socket.AF_UNIX) as alive:
        alive.bind(str(path))
        alive.listen()
        with pytest.raises(ContractError, match="live listener"):
            WorkerSocket.unix(path)
        assert path.exists()


def test_a_successors_path_is_not_withdrawn(tmp_path, opened):
    path = tmp_path / "w.sock"
    first = opened(WorkerSocket.unix(path))
    first.publish()
    second = opened(WorkerSocket.unix(path))
    second.publish()
    first.withdraw()
    assert path.exists()


@pytest.mark.parametrize("kind", ["file", "no directory", "too long"])
def test_refuses_a_path_it_cannot_take(tmp_path, kind):
    path = {
        "file": tmp_path / "file",
        "no directory": tmp_path / "missing" / "w.sock",
        "too long": tmp_path / ("x" * MAX_PATH_BYTES),
    }[kind]
    if kind == "file":
        path.touch()
    with pytest.raises(ContractError, match="--uds"):
        WorkerSocket.unix(path)


def test_inherited_and_internet(opened):
    with socket.socket() as parent:
        parent.bind(("127.0.0.1", 0))
        child = opened(WorkerSocket.inherited(parent.detach()))
        port = child.sock.getsockname()[1]
    assert str(child) == f"http://127.0.0.1:{port}"
    child.sock.listen()
    with pytest.raises(ContractError, match="free address"):
        WorkerSocket.internet("127.0.0.1", port)
    with pytest.raises(ContractError, match="--fd"):
        WorkerSocket.inherited(9999)
