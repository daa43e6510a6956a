"""A decision that is run again is waited for."""

from typer.testing import CliRunner

from control_plane.cli import decisions
from control_plane.cli.app import app
from control_plane.decisions.inference import ASK_S, START_S, STOP_S


def test_what_runs_again_is_waited_for_as_long_as_a_worker_may_take(monkeypatch):
    patience = []

    def call(method, path, body, timeout_s=0.0):
        patience.append(timeout_s)
        return {"reproduced": True}

    monkeypatch.setattr(decisions, "call", call)
    done = CliRunner().invoke(app, ["decisions", "rerun", "01a21be0", "--json"])
    assert done.exit_code == 0, done.output
    assert patience[0] > START_S + ASK_S + STOP_S
