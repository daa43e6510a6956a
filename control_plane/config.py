"""Settings of the control plane, from the environment (prefix ``SIGNALBOX_``)."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from control_plane.decisions.retention_times import Retention
from control_plane.follow.pace import Pace
from control_plane.publish.models import INDEPENDENCE_DAYS
from control_plane.storage.address import Address, parse_address
from control_plane.webhooks.address import AddressPolicy, parse_networks


class Settings(BaseSettings):
    """One installation: one merchant, one environment."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True)

    home: Path = Path("var")
    """Everything the installation writes lies under here."""
    shop: str = Field(default="demo-shop", min_length=1, max_length=200)
    """The shop that keys and decisions belong to unless they name another."""
    environment: str = Field(default="local", min_length=1, max_length=100)
    """A label, shown and recorded."""
    database_url: SecretStr = SecretStr("")
    """``postgresql://…``, for several control planes or machines; empty: SQLite in the home."""
    database_password_file: Path | None = None
    """File with PostgreSQL's password, read for each connection."""
    control_plane_host: str = "127.0.0.1"
    """Address the control plane listens on; it is private, TLS ends at a proxy."""
    control_plane_port: int = Field(default=8081, ge=0, le=65535)
    """Port the control plane listens on; 0 picks a free one."""
    console: bool = True
    """Serve the pages at ``/console``."""
    server_only_models: frozenset[str] = frozenset({"fraud"})
    """Models that can never be made visible to public SDK keys."""
    fleet_replicas: int = Field(default=1, ge=1, le=64)
    """Workers the fleet is asked to run for each version."""
    publish_interval_s: float = Field(default=0.25, gt=0, le=60)
    """The publisher looks this often even when nobody wakes it."""
    drain_s: float = Field(default=30.0, ge=0, le=3600)
    """A version stays running this long after the last route that named it."""

    public_url: str | None = Field(default=None, pattern=r"^https?://[^/\s]+$")
    """Where browsers find the control plane, e.g. https://signalbox.example; cookies and the
    check of a page's origin go by it. Without it: by the request."""
    trusted_proxies: str = "127.0.0.1"
    """Addresses, with commas, whose X-Forwarded-For and X-Forwarded-Proto are believed."""
    independence_days: int = Field(default=INDEPENDENCE_DAYS, ge=0, le=365)
    """So many days after giving a person a role, a password, a key or an identity, whoever gave it
    and that person do not judge each other's releases; 0: they may."""
    session_idle_s: int = Field(default=3600, ge=60, le=86_400)
    """A session nobody used for so long is over."""
    session_max_s: int = Field(default=43_200, ge=60, le=604_800)
    """A session is over after this, however much it was used."""

    follow_poll_s: float = Field(default=30.0, ge=0.1, le=3600)
    """An upstream GrowthBook is asked this often, beside its stream."""
    follow_silence_s: float = Field(default=75.0, ge=0.1, le=3600)
    """A stream of it that is silent for so long is given up; its keep-alives come every 30 s."""
    follow_late_s: float = Field(default=180.0, ge=0.1, le=86_400)
    """Nothing heard of it for so long is an alarm."""

    checkpoint_interval_s: float = Field(default=60.0, gt=0, le=86_400)
    """The register is signed this often, if anything was added."""
    checkpoint_copy: Path | None = None
    """Folder each checkpoint is copied to, best out of reach of the database's holder;
    checkpoints/ of the home by default."""

    decisions_url: str = ""
    """Where the shipper puts decisions: a path or any fsspec URL; lake/decisions of the home."""
    decisions_threads: int = Field(default=2, ge=1, le=64)
    """Threads that answer questions about decisions."""
    decisions_memory_mb: int = Field(default=512, ge=64, le=1_048_576)
    """Memory they may take."""
    upkeep_interval_s: float = Field(default=60.0, gt=0, le=3600)
    """Between two looks whether later segments hold whom an erasure covers."""
    redactions_interval_s: float = Field(default=10.0, gt=0, le=3600)
    """Between two looks at what Shopify's law topics ask for, and at what others have erased."""
    retention_public_days: int = Field(default=1096, ge=0)
    """Public parts of decisions are kept so many days; 0: for ever."""
    retention_personal_days: int = Field(default=200, ge=0)
    """Personal parts, never longer than public ones. The EU AI Act asks for six months."""
    retention_shadow_days: int = Field(default=90, ge=0)
    """What shadow versions answered."""
    decisions_timeout_s: float = Field(default=10.0, gt=0, le=600)
    """A question that takes longer is broken off."""

    webhook_networks: str = ""
    """Networks that webhooks may go to although they are not public, with commas:
    ``10.20.0.0/16,192.168.7.4/32``."""
    webhook_http: bool = False
    """Webhooks may go over plain http."""
    webhook_ca_file: Path | None = None
    """PEM file of certificates that webhooks' receivers are trusted by, besides the usual ones."""
    webhook_timeout_s: float = Field(default=15.0, gt=0, le=60)
    """A receiver that has not answered by then failed."""
    webhook_interval_s: float = Field(default=0.5, gt=0, le=60)
    """Between two looks for what is to be told."""
    webhook_disable_days: float = Field(default=5.0, gt=0, le=365)
    """A webhook to which nothing could be delivered for so long is disabled."""
    webhook_keep_days: float = Field(default=30.0, gt=0, le=3650)
    """Finished deliveries and dead letters are kept so long."""

    @field_validator("webhook_networks")
    @classmethod
    def _networks(cls, text: str) -> str:
        parse_networks(text)
        return text

    @field_validator("decisions_url")
    @classmethod
    def _no_secret(cls, url: str) -> str:
        if "@" in urlsplit(url).netloc:
            raise ValueError("credentials belong into the environment, not into the URL")
        return url

    @property
    def webhook_policy(self) -> AddressPolicy:
        """Where webhooks may go."""
        return AddressPolicy(parse_networks(self.webhook_networks), http=self.webhook_http)

    @property
    def checkpoint_copies(self) -> Path:
        """Folder of copied checkpoints."""
        return self.checkpoint_copy or self.home / "checkpoints"

    @property
    def follow_pace(self) -> Pace:
        """How an upstream GrowthBook is asked."""
        return Pace(self.follow_poll_s, self.follow_silence_s, self.follow_late_s)

    @property
    def retention(self) -> Retention:
        """How long each part of the decisions is kept."""
        return Retention(
            public=self.retention_public_days or None,
            personal=self.retention_personal_days or None,
            shadow=self.retention_shadow_days or None,
        )

    @property
    def lake_url(self) -> str:
        """Where decisions lie."""
        return self.decisions_url or str((self.home / "lake" / "decisions").absolute())

    @property
    def keys(self) -> Path:
        """Folder of key files."""
        return self.home / "keys"

    @property
    def database(self) -> Address:
        """Where the tables are; raises ContractError for a URL that makes no sense."""
        url = self.database_url.get_secret_value()
        if not url:
            return self.home / "control_plane" / "signalbox.db"
        return parse_address(url, self.database_password_file)
