"""The shipper's settings, from the environment (prefix SIGNALBOX_)."""

from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class ShipperSettings(BaseSettings):
    """``SIGNALBOX_HOME`` and ``SIGNALBOX_CONTROL_PLANE_URL`` are shared with the other parts."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True, extra="ignore")

    home: Path = Path("var")
    "The installation's folder: its segments are shipped."
    control_plane_url: str = Field("http://127.0.0.1:8081", pattern=r"^https?://\S+$")
    "Whose register takes the segments' roots."
    decisions_url: str = ""
    "Where Parquet files go: a path or any fsspec URL; lake/decisions of the home by default."
    ship_interval_s: float = Field(5.0, gt=0)
    "Between two looks at the folder."
    shipper_nice: int = Field(10, ge=0, le=19)
    "Added to the shipper's niceness: the gateway wins the processor."
    key_file: Path | None = None
    "Whose key reads the register when verifying; keys/admin.key of the home by default."

    @field_validator("decisions_url")
    @classmethod
    def _no_secret(cls, url: str) -> str:
        if "@" in urlsplit(url).netloc:
            raise ValueError("credentials belong into the environment, not into the URL")
        return url

    @property
    def segments_path(self) -> Path:
        """Folder of the gateway's segments."""
        return self.home / "gateway" / "segments"

    @property
    def lake_url(self) -> str:
        """Where Parquet files go."""
        return self.decisions_url or str((self.home / "lake" / "decisions").absolute())

    @property
    def gateway_key_path(self) -> Path:
        """The service key that may register segments."""
        return self.home / "keys" / "gateway.key"

    @property
    def reader_key_path(self) -> Path:
        """The key that may read the register."""
        return self.key_file or self.home / "keys" / "admin.key"
