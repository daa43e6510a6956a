import io
from uuid import uuid4

import pytest
from rich.console import Console

from demo.answers import Answer, Failure
from demo.board import Board
from demo.screen import Screen


@pytest.fixture
def board():
    board = Board(lines=False)
    with board.stage("keys and database"):
        pass
    board.addresses["gateway"] = "http://127.0.0.1:8080/v2"
    board.labels["fraud:20260101-00000000"] = "stable"
    board.note("fraud:20260102-00000000 canary 5 %")
    board.revision = "1.17"
    for _ in range(3):
        board.tally.add(
            Answer(
                "fraud", "b", "fraud:20260101-00000000", "stable", "STATIC", "1.1", uuid4(), 0.002
            )
        )
    board.tally.fail(Failure("fraud", "b", "HTTP 503"))
    return board


@pytest.mark.parametrize("width", [100, 160])
def test_everything_there_is_to_see_is_shown(board, width):
    console = Console(width=width, height=40, force_terminal=True, file=io.StringIO())
    with board.stage("orders → three models", total=10) as stage:
        stage.done = 4
        console.print(Screen(board, console).render())
    shown = console.file.getvalue()
    for text in (
        "keys and database",
        "4 requests",
        "2.0 ms",
        "revision 1.17",
        "canary 5 %",
        "8080",
    ):
        assert text in shown


def test_a_failed_stage_keeps_its_seconds(board):
    with pytest.raises(KeyError), board.stage("register versions"):
        raise KeyError
    assert board.stages[-1].failed
    assert board.stages[-1].seconds is not None


def test_without_a_screen_progress_is_told_in_lines(capsys):
    board = Board(lines=True)
    with board.stage("check what was recorded") as stage:
        stage.detail = "all there"
    told = capsys.readouterr().err
    assert "check what was recorded …" in told
    assert "all there" in told
