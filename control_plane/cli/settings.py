"""Where the control plane is and which key to show it."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from bentos.contract.local_kill import FILE_NAME


class CliSettings(BaseSettings):
    """From the environment, prefix ``SIGNALBOX_``."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True)

    home: Path = Path("var")
    """The installation's folder."""
    control_plane_url: str = "http://127.0.0.1:8081"
    """Address of the control plane."""
    gateway_url: str = "http://127.0.0.1:8080"
    """Address of this machine's gateway, asked by ``kill --local``."""
    nightly_cron: str = ""
    """When the nightly run is due; ``up`` starts its schedule if it is set."""
    key_file: Path | None = None
    """File with the key to use; keys/admin.key of the home by default."""

    @property
    def local_kill_path(self) -> Path:
        """The kill file this machine's gateway watches."""
        return self.home / "gateway" / FILE_NAME

    @property
    def key_path(self) -> Path:
        """The key file to read."""
        return self.key_file or self.home / "keys" / "admin.key"
