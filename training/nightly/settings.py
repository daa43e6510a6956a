"""What a night does where nobody says otherwise. Environment: ``SIGNALBOX_NIGHTLY_…``."""

from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from training.recipes import RECIPES


class NightlySettings(BaseSettings):
    """Settings of the nightly run and its schedule."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True)

    control_plane_url: str = "http://127.0.0.1:8081"

    # Five fields of cron, such as "30 2 * * *"; empty: nothing is scheduled.
    nightly_cron: str = Field(default="", max_length=200)
    # The shop's own zone: nights end when its days do.
    nightly_timezone: str = "UTC"
    nightly_models: str = Field(default="fraud,recommendations,pricing", max_length=500)
    # The connected shop instead of an order file.
    nightly_shop: bool = False
    nightly_orders: Path | None = None
    nightly_mapping: str | None = None
    nightly_consent_basis: str | None = None
    # Share of the champion's figure the whole interval of the improvement must lie above.
    # Negative: lets through what is not worse by more than that.
    nightly_margin: float = Field(default=0.0, ge=-0.5, le=0.5)
    # How old the newest order may be; without it nothing is asked (a file never grows).
    nightly_max_age_days: float | None = Field(default=None, gt=0)
    # Fewer rows in a window say nothing.
    nightly_min_rows: int = Field(default=50, ge=2)
    # Fits and exported graphs can be made again; what views held on a night cannot be once the
    # orders have changed.
    nightly_keep_fits_days: float = Field(default=14.0, ge=1)
    nightly_keep_features_days: float = Field(default=400.0, ge=1)
    # Since it was last used, and since its last version was rejected or retired. What a version
    # that may still be released learned from stays, however old.
    nightly_keep_datasets_days: float = Field(default=400.0, ge=1)
    # Since they were last used; what only they tell of people is kept as long as the lake.
    nightly_keep_lines_days: float = Field(default=30.0, ge=2)

    @field_validator("nightly_timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("expected a time zone such as Europe/Berlin")
        return value

    @field_validator("nightly_models")
    @classmethod
    def _are_models(cls, value: str) -> str:
        unknown = [name for name in value.split(",") if name.strip() not in RECIPES]
        if unknown:
            raise ValueError(f"expected names of {sorted(RECIPES)}, separated by commas")
        return value

    @property
    def zone(self) -> ZoneInfo:
        """The shop's zone."""
        return ZoneInfo(self.nightly_timezone)

    @property
    def models(self) -> tuple[str, ...]:
        """The models of a night, each once."""
        return tuple(dict.fromkeys(name.strip() for name in self.nightly_models.split(",")))
