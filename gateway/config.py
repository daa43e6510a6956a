"""The gateway's settings, frozen at start; every one is an environment variable SIGNALBOX_…"""

from enum import StrEnum
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from bentos.contract.local_kill import FILE_NAME


class LogFullPolicy(StrEnum):
    """What to do when the decision log cannot write."""

    SERVE = "serve"
    REFUSE = "refuse"


class LogSync(StrEnum):
    """What a decision waits for before its answer leaves."""

    DEFAULT = "default"
    "write(2): survives a killed process."
    STRICT = "strict"
    "fdatasync as well: survives a lost machine."


class GatewayConfig(BaseSettings):
    """Settings of one gateway (all of its workers)."""

    model_config = SettingsConfigDict(env_prefix="SIGNALBOX_", frozen=True, extra="ignore")

    home: Path = Path("var")
    "Folder for documents, segments and keys."
    shop: str = Field("demo-shop", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,99}$")
    "The shop whose calls this gateway answers; keys of another shop are refused."
    control_plane_url: str = "http://127.0.0.1:8081"
    "Where the documents come from."
    gateway_host: str = "127.0.0.1"
    gateway_port: int = Field(8080, ge=0, le=65535)
    "0 takes a free port and prints it."
    gateway_id: str = Field("gateway-1", pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$")
    gateway_workers: int = Field(1, ge=1, le=64)
    "Processes on the one inherited socket."
    slow_request_ms: float = Field(1000.0, gt=0)
    "A request that takes longer gets a line in the log, as a failed one does."
    otlp_endpoint: str = Field("", pattern=r"^$|^https?://[^@/]+(/.*)?$")
    "OTLP/HTTP address of an OpenTelemetry collector; without one there are no traces."
    trace_share: float = Field(0.01, ge=0, le=1)
    "Share of requests that are traced where the caller's traceparent does not decide."
    gateway_drain_delay_s: float = Field(0.0, ge=0, le=300)
    "From readiness down to no new connections: the time whoever watches it needs."
    gateway_drain_timeout_s: float = Field(10.0, gt=0, le=300)
    "What was accepted is finished within this time; then the worker is killed."
    max_body_bytes: int = Field(1_048_576, ge=1024, le=67_108_864)
    max_rows: int = Field(1024, ge=1, le=65536)
    "Rows of one request."
    max_batch_rows: int = Field(256, ge=1, le=65536)
    "Rows a lane sends to a bento in one call."
    max_waiting_rows: int = Field(4096, ge=1)
    "Rows a lane lets wait before it sheds."
    max_pending_rows: int = Field(8192, ge=1)
    "Rows that may wait in all lanes of a process; canaries may fill 3/4 of it."
    standing_calls: int = Field(144, ge=1)
    "Calls of a model that may stand in a process, per batch its stable version takes at once."
    lane_slots: int = Field(1, ge=1, le=16)
    "Batches in flight per worker of a version."
    shadow_sample: float = Field(1.0, ge=0, le=1)
    "Share of decisions that is mirrored, chosen by the decision's id."
    shadow_queue: int = Field(1024, ge=0)
    "Shadow copies that may wait for one version; more are dropped and counted."
    shadow_concurrency: int = Field(64, ge=1)
    "Shadow copies in flight to one version."
    shadow_deadline_ms: float = Field(1000.0, gt=0)
    shadow_max_rows: int = Field(256, ge=1)
    "A request of more rows is not mirrored; that is recorded and counted."
    shadow_max_bytes: int = Field(262_144, ge=1)
    "… nor one whose tensors are larger."
    shadow_tolerance: float = Field(0.05, ge=0)
    "Numbers within it agree: absolute up to 1, relative beyond."
    shadow_min_overlap: float = Field(0.8, ge=0, le=1)
    "Rankings and labels with at least this share in common agree."
    log_full_policy: LogFullPolicy = LogFullPolicy.SERVE
    log_sync: LogSync = LogSync.DEFAULT
    log_budget_bytes: int = Field(10 * 1024**3, ge=0)
    "What all segments together may take; beyond it the log counts as full. 0: no limit."
    segment_max_bytes: int = Field(64 * 1024 * 1024, ge=4096)
    segment_max_age_s: float = Field(300.0, gt=0)
    online_store_url: str = ""
    "Redis that holds the online features; empty: the embedded store under ``features``."
    online_store_password_file: Path | None = None
    "File with Redis' password: a URL is no place for a secret."
    online_store_timeout_ms: float = Field(10.0, gt=0, le=1000)
    "What a request waits for Redis at most; then its features take their defaults."
    max_head_bytes: int = Field(16_384, ge=1024, le=1_048_576)
    "Request line and headers; more is refused with 431."
    max_headers: int = Field(100, ge=10, le=1000)
    "More are refused with 431."
    head_timeout_s: float = Field(10.0, gt=0)
    "A head that has not arrived by then is refused with 408, a silent connection closed."
    body_timeout_s: float = Field(10.0, gt=0)
    "A body that has not arrived by then is refused with 408."

    @property
    def features_path(self) -> Path:
        """Folder of the embedded online store."""
        return self.home / "features"

    @property
    def documents_path(self) -> Path:
        """Folder of the last good documents."""
        return self.home / "gateway" / "documents"

    @property
    def segments_path(self) -> Path:
        """Folder of the write-ahead segments."""
        return self.home / "gateway" / "segments"

    @property
    def local_kill_path(self) -> Path:
        """Kills set on this machine while the control plane is away."""
        return self.home / "gateway" / FILE_NAME

    @property
    def shared_path(self) -> Path:
        """Folder of the files this gateway's workers share while they run."""
        return self.home / "run" / "gateway" / self.gateway_id

    @property
    def keys_path(self) -> Path:
        """Folder of this machine's keys."""
        return self.home / "keys"
