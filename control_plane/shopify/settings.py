"""Configuration of the ingress process, from the environment (prefix SIGNALBOX_)."""

from pathlib import Path

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from control_plane.config import Settings

SHORTEST_ORDERS_DAYS = 183


class IngressSettings(Settings):
    """Beside what it shares with the control plane: home, shop, where the tables are."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True)

    ingress_host: str = "127.0.0.1"
    """Address the webhooks come to; TLS ends at a proxy in front of it."""
    ingress_port: int = Field(default=8082, ge=0, le=65535)
    """Port the webhooks come to; 0 picks a free one."""
    ingress_max_body_bytes: int = Field(default=4 * 1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    """A delivery larger than this is refused (413)."""
    ingress_queue: int = Field(default=2000, ge=1, le=1_000_000)
    """Deliveries that may wait for the disk; the next one is told to come again (503)."""
    ingress_keep_days: float = Field(default=7.0, ge=1, le=365)
    """Ids of applied deliveries are remembered so long; Shopify repeats one for four hours."""
    ingress_set_aside_keep_days: float = Field(default=90.0, ge=7, le=3650)
    """Deliveries that were set aside are kept so long, but for those of law topics."""
    ingress_orders_keep_days: float = Field(default=730.0, ge=0, le=36_500)
    """Orders with their lines, assessments and outcomes are kept so long after the last that was
    heard of them; 0: for ever."""
    ingress_reconcile_s: float = Field(default=900.0, ge=1, le=86_400)
    """Between two looks for orders whose deliveries were lost."""
    ingress_outcomes_s: float = Field(default=300.0, ge=1, le=86_400)
    """Between two writings of the outcomes' file."""
    fraud_model: str = Field(default="fraud", pattern=r"^[a-z][a-z0-9_-]{0,63}$")
    """The model that is asked about a new order."""
    fraud_medium: float = Field(default=0.2, ge=0, le=1)
    """From this probability on an order's risk is MEDIUM."""
    fraud_high: float = Field(default=0.6, ge=0, le=1)
    """From this probability on it is HIGH."""
    fraud_pending_after_s: float = Field(default=2.0, ge=0.05, le=60)
    """An order whose score takes longer is marked PENDING meanwhile."""
    gateway_url: str = Field(default="http://127.0.0.1:8080", pattern=r"^https?://\S+$")
    """The gateway that scores orders."""

    @field_validator("ingress_orders_keep_days")
    @classmethod
    def _outlives_disputes(cls, value: float) -> float:
        if 0 < value < SHORTEST_ORDERS_DAYS:
            raise ValueError(
                f"expected 0 or at least {SHORTEST_ORDERS_DAYS}: outcomes come late (a chargeback"
                " up to 120 days after its order), and the law asks for six months of logs"
            )
        return value

    @model_validator(mode="after")
    def _rising(self) -> "IngressSettings":
        if self.fraud_medium >= self.fraud_high:
            raise ValueError("SIGNALBOX_FRAUD_MEDIUM must lie below SIGNALBOX_FRAUD_HIGH")
        return self

    @property
    def folder(self) -> Path:
        """What the ingress writes."""
        return self.home / "ingress"

    @property
    def inbox(self) -> Path:
        """Its SQLite file."""
        return self.folder / "inbox.db"

    @property
    def key_file(self) -> Path:
        """A caller's API key for the gateway, one line."""
        return self.keys / "ingress.key"
