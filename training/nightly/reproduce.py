"""Makes a version again from what its manifest names, and says whether the bytes are the same.

Nothing in the installation's stores is touched: the second bento is built in a folder that is
thrown away. Where bytes differ, what else differs (lock, commit, kernels) is named as the likely
cause; where the dataset was redacted, the redaction is.
"""

import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.manifest import Manifest
from bentos.contract.redaction import RedactionRecord
from training import fingerprint
from training.lake import digest_of_parts
from training.nightly.redacted import of_version
from training.nightly.unneeded import let_go
from training.recipes import recipe
from training.run import read_manifest
from training.settings import Settings


class Verdict(StrEnum):
    """``redacted``: the dataset is no longer what it was, lawfully. ``lost``: without a reason."""

    IDENTICAL = "identical"
    DIFFERENT = "different"
    REDACTED = "redacted"
    LOST = "lost"


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as the manifest says."""

    what: str
    manifest: Any
    now: Any


class Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    """``differences``: of what was made. ``circumstances``: of what it was made with.

    ``let_go``: when the dataset went because its time was over.
    """

    version: str
    verdict: Verdict
    differences: tuple[Difference, ...] = ()
    circumstances: tuple[Difference, ...] = ()
    redactions: tuple[str, ...] = ()
    let_go: str | None = None


def reproduce(settings: Settings, version: str) -> Reproduction:
    """Fit, export and build again; raises ContractError for a version that was not made here."""
    manifest = manifest_of(settings, version)
    folder = settings.lake / "snapshots" / manifest.dataset.digest
    broken = broken_parts(folder, manifest)
    redactions = of_version(settings.lake, version, manifest.dataset.digest)
    if broken or redactions:
        return Reproduction(
            version=version,
            verdict=Verdict.REDACTED if redactions else Verdict.LOST,
            differences=(*_became(manifest.dataset.digest, redactions), *broken),
            redactions=tuple(f"{each.id} of {each.at}: {each.reason}" for each in redactions),
            let_go=None if (note := let_go(settings.lake, folder.name)) is None else note.at,
        )
    differences = tuple(_made_again(manifest, folder))
    return Reproduction(
        version=version,
        verdict=Verdict.DIFFERENT if differences else Verdict.IDENTICAL,
        differences=differences,
        circumstances=tuple(_circumstances(manifest)),
    )


def manifest_of(settings: Settings, version: str) -> Manifest:
    """The manifest of a version that was made in this home."""
    path = settings.lake / "versions" / version.replace(":", "-") / "manifest.json"
    if not path.is_file():
        raise ContractError("version", "one whose manifest lies in this home's lake", version)
    manifest = read_manifest(path)
    if manifest.version != version:
        raise ContractError(str(path), f"the manifest of {version}", manifest.version)
    return manifest


def broken_parts(folder: Path, manifest: Manifest) -> tuple[Difference, ...]:
    """Parts of the dataset that are gone, or are other bytes than the manifest names."""
    dataset, found = manifest.dataset, []
    if digest_of_parts(dataset.parts) != dataset.digest:
        found.append(Difference(what="dataset", manifest=dataset.digest, now="other parts"))
    for name, digest in sorted(dataset.parts.items()):
        path = folder / name
        now = fingerprint.file_digest(path) if path.is_file() else None
        if now != digest:
            found.append(Difference(what=f"dataset {name}", manifest=digest, now=now))
    return tuple(found)


def _became(digest: str, redactions: tuple[RedactionRecord, ...]) -> Iterator[Difference]:
    """Under which digest the dataset lies without whoever was erased; None where it went whole."""
    now: str | None = digest
    for record in redactions:
        now = now and record.snapshots.get(now, now)
    if now != digest:
        yield Difference(what="dataset", manifest=digest, now=now)


def _made_again(manifest: Manifest, folder: Path) -> list[Difference]:
    from training import bento_store  # noqa: PLC0415 - BentoML

    fitted = recipe(manifest.model).fit(folder, manifest.seed)
    with tempfile.TemporaryDirectory() as place:
        bento_store.use(Path(place))
        stored = bento_store.store_graph(manifest.version, fitted.onnx)
        made = {
            "onnx_digest": fingerprint.file_digest(stored),
            "bento_digest": bento_store.build_bento(manifest.version),
        }
    made["schema_digest"] = recipe(manifest.model).features.digest()
    was = {
        "onnx_digest": manifest.onnx_digest,
        "bento_digest": manifest.bento_digest,
        "schema_digest": manifest.features.digest(),
    }
    pairs = [(name, was[name], made[name]) for name in was]
    pairs.append(
        ("offline", msgspec.to_builtins(manifest.offline), msgspec.to_builtins(fitted.offline))
    )
    return [Difference(what=n, manifest=old, now=new) for n, old, new in pairs if old != new]


def _circumstances(manifest: Manifest) -> list[Difference]:
    pairs = [
        ("lock", manifest.lock_digest, fingerprint.lock_digest()),
        ("code commit", manifest.code_commit, fingerprint.code_commit()),
        ("kernels", manifest.cpu_kernels, fingerprint.cpu_kernels()),
    ]
    return [Difference(what=n, manifest=old, now=new) for n, old, new in pairs if old != new]
