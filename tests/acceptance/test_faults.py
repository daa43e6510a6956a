"""The list of faults with real processes: callers see none of them, no decision is lost."""

import pytest

from load_tests.fault_list import NAMES
from load_tests.faults import run

pytestmark = pytest.mark.acceptance

QUICK = ("canary-hung", "canary-half-written", "stable-worker-killed", "gateway-worker-killed")
QUICK_SECONDS = 2.0
SLOW_SECONDS = 4.0


# On a machine of its own: beside other tests its callers run out of their 200 ms.
@pytest.mark.slow
def test_callers_see_no_fault_and_no_decision_is_lost():
    verdicts = {verdict.name: verdict.missed for verdict in run(QUICK, QUICK_SECONDS)}
    assert verdicts == {name: [] for name in QUICK}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_rest_of_the_list_holds_too():
    rest = [name for name in NAMES if name not in QUICK]
    verdicts = {verdict.name: verdict.missed for verdict in run(rest, SLOW_SECONDS)}
    assert verdicts == {name: [] for name in rest}
