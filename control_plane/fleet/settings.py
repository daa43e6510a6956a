"""Configuration of the fleet process, from the environment (prefix SIGNALBOX_)."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class FleetSettings(BaseSettings):
    """``SIGNALBOX_HOME`` and ``SIGNALBOX_CONTROL_PLANE_URL`` are shared with the other parts."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_")

    home: Path = Path("var")
    "Everything the embedded mode writes."
    control_plane_url: str = Field(default="http://127.0.0.1:8081", pattern=r"^https?://\S+$")
    "Where the desired state is read and the fleet's own state is reported."
    fleet_id: str = Field(default="local", pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")
    "Names this fleet in its reports."
    fleet_poll_s: float = Field(default=0.5, gt=0)
    "Between two readings of the desired state."
    fleet_report_s: float = Field(default=5.0, gt=0)
    "The state is reported on every change, and this often without one."
    fleet_tick_s: float = Field(default=0.2, gt=0)
    "Between two looks at the workers."
    fleet_drain_grace_s: float = Field(default=10.0, ge=0)
    "A version no longer wanted keeps answering this long, so that requests in flight end."
    fleet_stop_timeout_s: float = Field(default=10.0, gt=0)
    "From SIGTERM to SIGKILL."
    fleet_start_timeout_s: float = Field(default=90.0, gt=0)
    "A worker not ready by then is killed and started again."
    fleet_worker_nice: int = Field(default=0, ge=0, le=19)
    "Added to a worker's niceness, where the gateway must win the processor."

    @property
    def key_file(self) -> Path:
        """The fleet's service key, one line."""
        return self.home / "keys" / "fleet.key"

    @property
    def state_dir(self) -> Path:
        """Last desired state, records of running workers, the lock."""
        return self.home / "fleet"
