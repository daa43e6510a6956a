import os
from pathlib import Path

from control_plane.fleet.process_launcher import MAX_SOCKET_PATH, socket_folder


def test_sockets_lie_under_the_home(tmp_path_factory):
    home = Path("/dev/shm") if Path("/dev/shm").is_dir() else tmp_path_factory.mktemp("h")
    folder = socket_folder(home / f"sbx-{os.getpid()}")
    assert folder.name == "run"
    folder.rmdir()
    folder.parent.rmdir()


def test_a_long_home_gets_a_short_private_folder(tmp_path):
    folder = socket_folder(tmp_path / ("long" * 30))
    try:
        assert len(str(folder)) < MAX_SOCKET_PATH - 60
        assert folder.stat().st_mode & 0o077 == 0
        assert socket_folder(tmp_path / ("long" * 30)) == folder
        assert socket_folder(tmp_path / ("LONG" * 30)) != folder
    finally:
        folder.rmdir()
        socket_folder(tmp_path / ("LONG" * 30)).rmdir()
