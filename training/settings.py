"""Where training keeps its things. Environment: ``SIGNALBOX_HOME``, ``SIGNALBOX_SHOP``, ..."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of a training run; everything is written below ``home``."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True)

    home: Path = Path("var")
    shop: str = Field(default="demo-shop", min_length=1, max_length=200)
    # What a unit costs, as a share of its usual price, where the orders do not say.
    unit_cost_ratio: float = Field(default=0.6, gt=0, lt=1)
    # Of everything random: injected fraud, tuning, trees.
    seed: int = Field(default=20261122, ge=0, lt=2**32)
    training_memory: str = Field(default="700MB", pattern=r"^\d+(MB|GB)$")
    training_threads: int = Field(default=2, ge=1, le=64)

    # Whose word on consents counts; empty: that of the control plane whose trainer key lies in
    # this home, or without one of this machine's own file.
    control_plane_url: str = ""
    # The key it is asked with; keys/trainer.key of the home by default.
    trainer_key_file: Path | None = None
    # For so long its last answer counts while it cannot be reached. Shorter than from one night
    # to the next: a withdrawal is never overlooked.
    consent_copy_max_age_s: float = Field(default=3600.0, ge=0, le=43_200)

    # Redis that holds the online features; empty: the embedded store below ``home``.
    online_store_url: str = ""
    online_store_password_file: Path | None = None

    # Say each finished step on stderr even where --json is asked for and nobody watches.
    progress: bool = False

    @property
    def trainer_key(self) -> Path:
        """File with the trainer's key."""
        return self.trainer_key_file or self.keys / "trainer.key"

    @property
    def keys(self) -> Path:
        """Folder of the key files."""
        return self.home / "keys"

    @property
    def lake(self) -> Path:
        """Folder of order lines, snapshots, runs and versions."""
        return self.home / "lake"

    @property
    def spill(self) -> Path:
        """Where DuckDB puts what does not fit into memory; only once customers are pseudonyms."""
        return self.lake / ".spill"

    @property
    def offline_features(self) -> Path:
        """Folder of the views' values at every moment they were computed for."""
        return self.lake / "features"

    @property
    def features(self) -> Path:
        """Folder of the embedded online store."""
        return self.home / "features"

    @property
    def bentoml_home(self) -> Path:
        """BentoML's stores."""
        return self.home / "bentoml"

    @property
    def mlflow_database(self) -> Path:
        """The tracking database."""
        return self.home / "mlflow" / "mlflow.db"
