"""Whatever persons ask for, in any order and at once: the interlocking holds."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.control_plane.releases.grouped import Grouped
from tests.databases import chosen


def run(prepared, databases, examples, steps):
    members = {"prepared": prepared, "databases": databases}
    machine = type("Prepared", (Grouped,), members)
    limits = settings(
        max_examples=examples,
        stateful_step_count=steps,
        # Shrinking a failure would take minutes; its steps are printed and few anyway.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=limits)


def test_the_interlocking_holds(prepared, databases):
    run(prepared, databases, examples=8, steps=25)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_interlocking_holds_for_long(prepared, databases):
    # A database is copied in milliseconds where it is a file, and in a tenth of a second elsewhere.
    run(prepared, databases, examples=200 if chosen() == "sqlite" else 40, steps=50)
