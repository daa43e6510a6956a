"""Ports nobody else takes before their process listens."""

import socket
import subprocess
import sys

import pytest

from load_tests import free_ports as module
from load_tests.free_ports import HOST, LOWEST, ROW, NoFreePortsError, PortRow, free_ports

OTHER = "from load_tests.free_ports import free_ports; print(*free_ports(90))"


@pytest.fixture
def row():
    made = PortRow()
    yield made
    made.close()


def test_neighbours_anew_each_time(row):
    first, second = row.take(3), row.take(3)
    assert first == list(range(first[0], first[0] + 3))
    assert second == [port + 3 for port in first]


def test_a_port_somebody_holds_is_left_out(row):
    [port] = row.take(1)
    with socket.socket() as held:
        held.bind((HOST, port + 1))
        assert row.take(2) == [port + 3, port + 4]


def test_it_begins_anew_at_the_end_of_its_row(row):
    taken = [row.take(1)[0] for _ in range(2 * ROW)]
    assert len(set(taken)) == ROW - 1
    assert max(taken) - min(taken) == ROW - 2


def test_a_row_that_is_held_whole_is_said(row):
    ports = {row.take(1)[0] for _ in range(ROW)}
    held = [socket.create_server((HOST, port)) for port in ports]
    try:
        with pytest.raises(NoFreePortsError, match="neighbours"):
            row.take(1)
    finally:
        for each in held:
            each.close()


def test_two_processes_never_choose_the_same():
    others = [
        subprocess.run([sys.executable, "-c", OTHER], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    ours = set(free_ports(1))
    row = set(range(min(ours) // ROW * ROW, min(ours) // ROW * ROW + ROW))
    for other in others:
        assert not row & {int(port) for port in other.stdout.split()}


@pytest.mark.parametrize(
    ("kernel", "first"),
    [("40000\t60999\n", 40_000), ("1024\t65535\n", 32_768), (None, 32_768)],
)
def test_no_connection_gets_one(kernel, first, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RANGE", tmp_path / "range")
    if kernel is not None:
        (tmp_path / "range").write_text(kernel)
    assert module._first_of_connections() == first


def test_a_row_ends_where_connections_begin(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "RANGE", tmp_path / "range")
    (tmp_path / "range").write_text(f"{LOWEST + 3 * ROW + 1}\t60999\n")
    rows = []
    with pytest.raises(NoFreePortsError, match="all 3 rows"):
        rows.extend(PortRow() for _ in range(4))
    for row in rows:
        row.close()
