import asyncio
import sys
import time

import psutil
import pytest

from demo.children import Children
from demo.errors import BadInputError, DemoError

pytestmark = pytest.mark.acceptance


@pytest.fixture
def children(tmp_path, monkeypatch):
    """Modules of the test's own folder can be run with ``-m``."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    made = Children(tmp_path, {"GREETING": "hello"})
    yield made
    made.stop_all()


def module(tmp_path, name, text):
    (tmp_path / f"{name}.py").write_text(text)


async def test_a_step_gives_its_output_and_tells_its_lines(children, tmp_path):
    text = "import os, sys\nprint(os.environ['GREETING'])\nsys.stderr.write('half\\ndone\\n')\n"
    module(tmp_path, "polite", text)
    lines = []
    assert await children.step("polite", "polite", on_line=lines.append) == "hello\n"
    assert lines == ["half", "done"]


async def test_a_failing_step_shows_the_end_of_its_log(children, tmp_path):
    module(tmp_path, "broken", "import sys\nsys.exit('no such shop')\n")
    with pytest.raises(DemoError, match=r"exit code 1(.|\n)*no such shop"):
        await children.step("broken", "broken")


async def test_bad_input_is_told_in_the_steps_own_words(children, tmp_path):
    module(tmp_path, "picky", "import sys\nsys.stderr.write('price: got -1\\n')\nsys.exit(2)\n")
    with pytest.raises(BadInputError, match=r"^picky: price: got -1$"):
        await children.step("picky", "picky")


async def test_a_cancelled_step_is_ended(children, tmp_path):
    module(tmp_path, "slow", "import sys, time\nsys.stderr.write('up\\n')\ntime.sleep(99)\n")
    up = asyncio.Event()
    step = children.step("slow", "slow", on_line=lambda _: up.set())
    task = asyncio.create_task(step)
    await up.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    command = [sys.executable, "-m", "slow"]
    assert not [p for p in psutil.Process().children() if p.cmdline() == command]


def test_a_child_that_ends_is_noticed_and_all_are_stopped(children, tmp_path):
    module(tmp_path, "short", "raise SystemExit('short of memory')\n")
    module(tmp_path, "long", "import time\ntime.sleep(99)\n")
    running = children.start("long", "long")
    children.check_alive()
    short = children.start("short", "short")
    while short.popen.poll() is None:
        time.sleep(0.01)
    with pytest.raises(DemoError, match=r"short ended with exit code 1(.|\n)*short of memory"):
        children.check_alive()
    children.stop_all()
    assert running.popen.poll() is not None
