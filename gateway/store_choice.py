"""Which online store the configuration names."""

from bentos.contract.errors import ContractError
from bentos.contract.online_store import redis_address
from gateway.config import GatewayConfig
from gateway.lmdb_store import LmdbStore
from gateway.online_store import OnlineStore


def chosen_store(config: GatewayConfig, pseudonym_key: str) -> OnlineStore:
    """Redis where a URL is set, else the embedded one; ContractError if that cannot be used."""
    if not config.online_store_url:
        return LmdbStore(config.features_path, shop=config.shop, pseudonym_key=pseudonym_key)
    try:
        # An extra of its own: a gateway with the embedded store does without it.
        from gateway.redis_store import RedisStore  # noqa: PLC0415
    except ImportError as error:
        expected = "the package redis to be installed"
        hint = "Install signalbox[redis]."
        raise ContractError("SIGNALBOX_ONLINE_STORE_URL", expected, str(error), hint) from error
    url, password = redis_address(config.online_store_url, config.online_store_password_file)
    return RedisStore(
        url,
        password,
        timeout_s=config.online_store_timeout_ms / 1000,
        shop=config.shop,
        pseudonym_key=pseudonym_key,
    )
