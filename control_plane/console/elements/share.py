"""Shares of the traffic as people say them."""

from bentos.contract.route import BUCKETS


def percent(buckets: int) -> str:
    """``5 %`` of 500 buckets; as many digits as it takes, at most two."""
    return f"{buckets * 100 / BUCKETS:.2f}".rstrip("0").rstrip(".") + " %"
