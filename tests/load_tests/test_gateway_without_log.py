import inspect

from gateway.config import LogFullPolicy
from gateway.decision_log import DecisionLog, Limits
from load_tests.gateway_without_log import forget


def test_it_takes_the_place_of_what_the_gateway_calls():
    """Else the comparison would measure a gateway with its log on, or a broken one."""
    assert inspect.iscoroutinefunction(forget)
    assert inspect.iscoroutinefunction(DecisionLog.write)
    inspect.signature(forget).bind(*inspect.signature(DecisionLog.write).parameters)


async def test_nothing_is_kept_and_all_is_counted(tmp_path):
    log = DecisionLog(
        tmp_path, "g", "boot", policy=LogFullPolicy.SERVE, limits=Limits(1 << 20, 60.0)
    )
    (segment,) = tmp_path.glob("*.open")
    before = segment.stat().st_size
    assert await forget(log, lambda seq: None)
    assert (log.written, segment.stat().st_size) == (1, before)
    log.close()
