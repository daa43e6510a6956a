"""Parts that a worker and the shadow process make alike, each its own."""

from collections.abc import Callable

from bentos.contract.identity import Pseudonymizer
from gateway.config import GatewayConfig, LogSync
from gateway.decision_log import DecisionLog, Limits
from gateway.feature_lookup import FeatureLookup
from gateway.group_commit import nobody
from gateway.shared_values import SharedValues
from gateway.store_choice import chosen_store


def decision_log(
    config: GatewayConfig,
    gateway: str,
    boot: str,
    *,
    sync: LogSync = LogSync.DEFAULT,
    calls: Callable[[], int] = nobody,
) -> DecisionLog:
    """Segments of a process's own in the folder that all share; arguments as DecisionLog's."""
    limits = Limits(config.segment_max_bytes, config.segment_max_age_s, config.log_budget_bytes)
    return DecisionLog(
        config.segments_path,
        gateway,
        boot,
        policy=config.log_full_policy,
        limits=limits,
        sync=sync,
        calls=calls,
    )


def feature_lookup(
    config: GatewayConfig, pseudonymizer: Pseudonymizer, shared: SharedValues
) -> FeatureLookup:
    """Online features from the store that the settings name."""
    return FeatureLookup(
        chosen_store(config, pseudonymizer.fingerprint),
        pseudonymizer,
        shared,
        shop=config.shop,
        timeout_s=config.online_store_timeout_ms / 1000,
    )
