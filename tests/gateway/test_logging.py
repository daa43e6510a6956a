import json
import os
import subprocess
import sys
from pathlib import Path

SAY = "from gateway import logging; logging.configure(); import structlog; "


def say(code, stderr):
    return subprocess.run(
        [sys.executable, "-c", SAY + code], stderr=stderr, check=False, timeout=60
    )


def test_a_line_is_json_with_level_and_time(tmp_path):
    with (tmp_path / "log").open("wb") as log:
        assert say("structlog.get_logger().warning('odd', part='lane')", log).returncode == 0
    line = json.loads((tmp_path / "log").read_text())
    assert (line["event"], line["level"], line["part"]) == ("odd", "warning", "lane")
    assert line["timestamp"].endswith("Z")


def test_a_full_disk_under_the_log_stops_nobody():
    # Every write to /dev/full fails with ENOSPC, as on a disk without a byte left.
    with Path("/dev/full").open("wb") as full:
        done = say("structlog.get_logger().error('odd'); import os; os._exit(7)", full)
    assert done.returncode == 7


def test_a_reader_that_went_away_stops_nobody():
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = say("structlog.get_logger().error('odd'); import os; os._exit(7)", writer)
    finally:
        os.close(writer)
    assert done.returncode == 7


def test_an_exception_is_told_without_what_it_says(tmp_path):
    code = """
def bad():
    try:
        int('shopper-4711')
    except ValueError as error:
        raise KeyError('anna@' + 'example.com') from error
try:
    bad()
except KeyError as error:
    structlog.get_logger().error('unexpected_error', exc_info=error)
"""
    with (tmp_path / "log").open("wb") as log:
        assert say(f"exec(compile({code!r}, 'code.py', 'exec'))", log).returncode == 0
    text = (tmp_path / "log").read_text()
    told = json.loads(text)["exception"]
    assert "in bad" in told
    assert told.index("ValueError") < told.index("KeyError")
    assert not [said for said in ("shopper-4711", "anna@", "example.com") if said in text]


def test_what_a_library_says_is_a_line_too_and_quotes_no_exception(tmp_path):
    code = """
import logging as standard
standard.getLogger('uvicorn.error').warning('Invalid HTTP request received.')
try:
    int('shopper-4711')
except ValueError as error:
    more = f'Task failed\\nfuture: <Task exception={error!r}>'
    standard.getLogger('asyncio').error(more, exc_info=error)
"""
    with (tmp_path / "log").open("wb") as log:
        assert say(f"exec(compile({code!r}, 'code.py', 'exec'))", log).returncode == 0
    # Whatever is no HTTP is counted; a line for each would be anybody's to write.
    [line] = map(json.loads, (tmp_path / "log").read_text().splitlines())
    told = (line["event"], line["level"], line["library"], line["text"])
    assert told == ("library_said", "error", "asyncio", "Task failed")
    assert line["exception"].endswith("ValueError")
    assert "4711" not in str(line)


def test_a_library_that_logs_badly_loses_no_more_than_its_line(tmp_path):
    """What a handler raises would end whatever the library was doing."""
    code = """
import logging as standard
said = standard.getLogger('library')
said.warning('%d rows', 'shopper-4711')
said.log(35, 'of a level of its own')
said.warning('%d rows', 3)
"""
    with (tmp_path / "log").open("wb") as log:
        assert say(code, log).returncode == 0
    lines = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert [(line["level"], line["text"]) for line in lines] == [
        ("warning", "%d rows"),
        ("warning", "of a level of its own"),
        ("warning", "3 rows"),
    ]
