import pytest

from bentos.contract.errors import ContractError
from load_tests.bench_options import PARTS, SIDES, parse
from load_tests.lineup import NEEDS


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--rounds", "0"], "--rounds"),
        (["--seconds", "-1"], "--seconds"),
        (["--sweep-seconds", "0"], "--sweep-seconds"),
        (["--pairs", "6"], "--pairs"),
        (["--onnx", "missing.onnx"], "--onnx"),
        (["--only", "gateway,other"], "--only"),
        (["--parts", "table,other"], "--parts"),
    ],
)
def test_a_bad_option_is_named(arguments, field):
    with pytest.raises(ContractError, match=field):
        parse(arguments)


def test_everything_is_measured_by_default():
    options = parse([])
    assert options.only == SIDES
    assert options.parts == PARTS


def test_sides_keep_the_order_of_the_table():
    assert parse(["--only", "echo,gateway"]).only == ("gateway", "echo")


def test_quick_leaves_out_what_takes_long_and_can_still_be_changed():
    options = parse(["--quick", "--rounds", "4"])
    assert options.parts == ("table", "overload")
    assert options.rounds == 4


def test_without_peers_only_what_the_project_installs_is_left():
    only = parse(["--no-peers"]).only
    assert "gateway" in only
    assert not set(only) & NEEDS.keys()
