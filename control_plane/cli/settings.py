"""Where the control plane is and which key to show it."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class CliSettings(BaseSettings):
    """From the environment, prefix ``SIGNALBOX_``."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True)

    home: Path = Path("var")
    """The installation's folder."""
    control_plane_url: str = "http://127.0.0.1:8081"
    """Address of the control plane."""
    key_file: Path | None = None
    """File with the key to use; keys/admin.key of the home by default."""

    @property
    def key_path(self) -> Path:
        """The key file to read."""
        return self.key_file or self.home / "keys" / "admin.key"
