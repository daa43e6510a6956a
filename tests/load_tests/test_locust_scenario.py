import pytest

from load_tests import locust_scenario
from load_tests.locust_scenario import SCENARIOS


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (["--shoppers", "0"], "--shoppers"),
        (["--shoppers", "501"], "--shoppers"),
        (["--seconds", "601"], "--seconds"),
    ],
)
def test_a_load_without_bounds_is_refused(arguments, field, capsys):
    assert locust_scenario.main(["steady", *arguments]) == 2
    assert field in capsys.readouterr().err


def test_every_scenario_has_its_file():
    folder = locust_scenario.ROOT / "locust"
    assert {scenario.file for scenario in SCENARIOS.values()} | {"shopper.py"} == {
        path.name for path in folder.glob("*.py")
    }


@pytest.mark.slow
@pytest.mark.acceptance
@pytest.mark.parametrize("name", ["rollback", "bento-down"])
def test_nobody_notices_what_happens_at_half_time(name, capfd):
    code = locust_scenario.main([name, "--headless", "--seconds", "8", "--shoppers", "10"])
    told = capfd.readouterr()
    assert code == 0, told.err
    assert {"rollback": "stable (STATIC)", "bento-down": "canary (FALLBACK)"}[name] in told.err
