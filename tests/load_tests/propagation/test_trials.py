from load_tests.propagation.trials import Latencies, Trials


def test_a_quantile_is_a_value_that_was_measured():
    found = Latencies(values=[float(n) for n in range(100, 0, -1)])
    assert found.quantile(0.5) == 51.0
    assert found.quantile(0.99) == 100.0
    assert found.quantile(1.0) == 100.0


class Prober:
    """Every worker decides by each revision 5 ms after it was asked for; ``late`` never comes."""

    def __init__(self, late=None):
        self.probes, self.revision, self.asked, self._late = (), 7, [], late

    def start(self):
        pass

    def stop(self):
        pass

    async def all_above(self, revision, _):
        self.asked.append(revision)
        if revision == self._late:
            raise TimeoutError
        return [1_005_000_000 + revision, 1_006_000_000 + revision]


async def two_commits():
    return [1_000_000_000, 1_001_000_000]


async def test_each_publish_of_a_change_is_timed_by_a_revision_of_its_own():
    found, prober = Latencies(), Prober()
    await Trials(None, prober).time(two_commits, found)
    assert prober.asked == [7, 8]
    assert [round(value, 3) for value in found.values] == [5.0, 6.0, 4.0, 5.0]
    assert (found.publishes, found.late) == (2, 0)


async def test_a_publish_nobody_obeys_is_counted_and_gives_no_figure():
    found = Latencies()
    await Trials(None, Prober(late=8)).time(two_commits, found)
    assert (found.publishes, found.late, len(found.values)) == (2, 1, 2)
