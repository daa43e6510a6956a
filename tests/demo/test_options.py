import pytest

from bentos.contract.errors import ContractError
from demo.options import duration, parse


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("1.5m", 90), ("45", 45), ("1h", 3600)])
def test_durations(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-60s", "60 s", "5d", "1s", "nan"])
def test_a_bad_duration_is_named(text):
    with pytest.raises(ContractError, match="--for"):
        duration(text)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--orders", "no-such-file.csv"], "--orders"),
        (["--mapping", "ta_feng"], "--mapping"),
        (["--port-base", "0"], "--port-base"),
        (["--port-base", "65535"], "--port-base"),
    ],
)
def test_a_bad_value_names_its_option(arguments, field):
    with pytest.raises(ContractError) as caught:
        parse(arguments)
    assert caught.value.field == field


@pytest.mark.parametrize("arguments", [["--what"], ["--port-base", "x"], ["stray"]])
def test_bad_grammar_exits_with_two(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        parse(arguments)
    assert caught.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_without_a_duration_it_stays_up():
    assert parse([]).hold
    assert not parse(["--for", "60s"]).hold
    assert not parse(["--json"]).hold
