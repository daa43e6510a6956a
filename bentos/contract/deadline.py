"""How much of a request's deadline a canary may spend before stable must start (contract §8)."""

MIN_RESERVE_MS = 10.0


def reserve_ms(stable_p99_ms: float) -> float:
    """R = max(10 ms, 2 x stable's p99): what stable needs to still answer in time."""
    return max(MIN_RESERVE_MS, 2.0 * stable_p99_ms)


def canary_budget_ms(deadline_ms: float, stable_p99_ms: float) -> float | None:
    """Milliseconds the canary gets, deadline - R; None when below 2R it is skipped (BUDGET)."""
    reserve = reserve_ms(stable_p99_ms)
    if deadline_ms < 2.0 * reserve:
        return None
    return deadline_ms - reserve
