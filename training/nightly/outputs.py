"""What the steps give. ``digest`` covers what later steps depend on, nothing of this machine."""

from typing import Any

import msgspec

from bentos.contract.manifest import OfflineMetrics, ParityReport
from training.fingerprint import key_of
from training.lines import Lines
from training.nightly.bootstrap import Improvement, Verdict
from training.nightly.finding import Finding


class Redacted(msgspec.Struct, frozen=True, kw_only=True):
    """Requests to erase that were honoured now; ``digest``: of all who were ever erased."""

    honoured: tuple[str, ...]
    digest: str


class Synced(msgspec.Struct, frozen=True, kw_only=True):
    """The orders of tonight: which source, its content, its columns as they came.

    ``unread``: streams of the shop that keep last night's table, and why.
    """

    source: str
    content: str
    mapping: str
    columns: dict[str, str]
    unread: dict[str, str] = {}

    @property
    def digest(self) -> str:
        """Of the content and how it is read."""
        return key_of(content=self.content, mapping=self.mapping, columns=self.columns)


class Consented(msgspec.Struct, frozen=True, kw_only=True):
    """On which basis the orders may be used; ``digest`` also covers who is left out."""

    basis: str
    digest: str


class Pseudonymised(msgspec.Struct, frozen=True, kw_only=True):
    """Canonical lines and the SHA-256 of their file."""

    lines: Lines
    file_digest: str

    @property
    def digest(self) -> str:
        """Of the lines' bytes and the basis they carry."""
        return key_of(file=self.file_digest, basis=self.lines.consent_basis)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that are fit to learn from."""

    lines: Lines
    lines_digest: str
    checks: tuple[str, ...]
    overruled: tuple[Finding, ...] = ()
    first: str
    last: str

    @property
    def digest(self) -> str:
        """The lines', which passed as they are."""
        return self.lines_digest


class Views(msgspec.Struct, frozen=True, kw_only=True):
    """Every feature view at ``moment`` (naive UTC): tag → digest of its values, and of the
    definition they come from."""

    moment: str
    values: dict[str, str]
    definitions: dict[str, str]

    @property
    def digest(self) -> str:
        """Of moment, values and definitions."""
        return key_of(moment=self.moment, values=self.values, definitions=self.definitions)


class Online(msgspec.Struct, frozen=True, kw_only=True):
    """A generation of the online store: tag → records. ``digest``: of the values in it."""

    generation: str
    records: dict[str, int]
    digest: str


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of each window, and that none of them leaks into another."""

    rows: dict[str, int]
    border: str
    twins: int

    @property
    def digest(self) -> str:
        """Of the windows."""
        return key_of(rows=self.rows, border=self.border, twins=self.twins)


class Fit(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted model on disk: its graph, and the model itself for parity."""

    folder: str
    files: dict[str, str]
    onnx_digest: str
    offline: OfflineMetrics
    parameters: dict[str, Any]

    @property
    def digest(self) -> str:
        """Of the graph and its figures. A pickle's bytes may differ for equal models."""
        offline = msgspec.to_builtins(self.offline)
        return key_of(onnx=self.onnx_digest, offline=offline, parameters=self.parameters)


class Champion(msgspec.Struct, frozen=True, kw_only=True):
    """What the control plane says serves now; ``graph`` if it lies in this home's store."""

    version: str | None
    onnx_digest: str | None
    schema_digest: str | None
    graph: str | None

    @property
    def digest(self) -> str:
        """Of the version and whether it can be measured here."""
        return key_of(version=self.version, onnx=self.onnx_digest, here=self.graph is not None)


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """One gate: ``passed`` is None where it could not be asked."""

    name: str
    passed: bool | None
    said: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """The gates that are about answers, before anything is packaged."""

    champion: str | None
    verdict: Verdict
    improvement: Improvement | None
    gates: tuple[Gate, ...]

    @property
    def failures(self) -> tuple[str, ...]:
        """Why the version may never be released."""
        return tuple(gate.said for gate in self.gates if gate.passed is False)

    @property
    def digest(self) -> str:
        """Of the whole judgement."""
        return key_of(judged=msgspec.to_builtins(self))


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The graph as a file, and its parity with the fitted model."""

    path: str
    onnx_digest: str
    parity: ParityReport

    @property
    def digest(self) -> str:
        """Of graph and parity."""
        return key_of(onnx=self.onnx_digest, parity=msgspec.to_builtins(self.parity))


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """A version that stands in the stores."""

    version: str
    manifest_path: str
    manifest_digest: str
    bento_digest: str
    state: str
    rejection: str | None

    @property
    def digest(self) -> str:
        """Of the version and its bento; a manifest also holds what this machine measured."""
        return key_of(version=self.version, bento=self.bento_digest, state=self.state)


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """The model card's files: name → SHA-256, beside the manifest."""

    folder: str
    files: dict[str, str]
    digest: str


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the registry."""

    version: str
    state: str

    @property
    def digest(self) -> str:
        """Of version and state."""
        return key_of(version=self.version, state=self.state)


class Drafted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the draft: ``created``, ``superseded``, ``kept`` or ``none``, and why."""

    action: str
    release: str | None
    why: str

    @property
    def digest(self) -> str:
        """Of whether there is a draft of it: sent again after a kill, it is there already."""
        return key_of(drafted=self.action != "none")


class Aliases(msgspec.Struct, frozen=True, kw_only=True):
    """MLflow's aliases, equal to what the control plane says."""

    champion: str | None
    challenger: str | None

    @property
    def digest(self) -> str:
        """Of both."""
        return key_of(champion=self.champion, challenger=self.challenger)
