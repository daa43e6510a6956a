"""The command as others call it: its codes, its words, and nobody's name in them."""

import json

import pytest

from bentos import redaction_files
from tests.training.redaction.lived_in import SUBJECT
from training import cli
from training.nightly import lock


@pytest.fixture
def run(home, monkeypatch, capsys):
    monkeypatch.setenv("SIGNALBOX_HOME", str(home.settings.home))

    def command(*arguments):
        code = cli.main(["redact", *arguments])
        said = capsys.readouterr()
        assert home.pseudonym(SUBJECT) not in said.out + said.err
        return code, said

    return command


def test_foreseen_then_done_then_nothing_left_to_do(home, run):
    home.request()
    code, said = run("--dry-run", "--json")
    assert code == 0
    (foreseen,) = json.loads(said.out)["redactions"]
    assert foreseen["removed"]["lake/shop/orders"] == 1
    code, said = run("--request", "r-17")
    assert code == 0
    assert said.out.startswith("r-17: removed ")
    assert "3 versions learned from it" in said.out
    code, said = run("--json")
    assert (code, json.loads(said.out)) == (0, {"redactions": [], "problems": {}, "returned": {}})
    assert redaction_files.record_of(home.lake, "r-17").removed == foreseen["removed"]


def test_what_cannot_be_done_has_a_code_of_its_own(home, run):
    home.request(shop="another", kind="shop")
    code, said = run()
    assert code == 1
    assert "r-17" in said.err
    assert "demo-shop" in said.err
    assert run("--request", "never")[0] == 2
    with lock.held(home.lake):
        assert run()[0] == 4
