"""The steps that speak with the control plane: who serves, register, draft."""

from pathlib import Path
from typing import Any

import msgspec

from bentos.bento_files import ONNX_FILE
from bentos.contract.features import FeatureSchema
from training.fingerprint import file_digest
from training.nightly.draft import draft_release
from training.nightly.errors import DeskError
from training.nightly.night import Night
from training.nightly.outputs import Built, Card, Champion, Checked, Drafted, Judged, Registered


def champion(night: Night, model: str) -> Champion:
    """What serves now, by the control plane's word."""
    serving = model_at(night, model)
    version = None if serving is None else serving["stable"]
    if version is None:
        return Champion(version=None, onnx_digest=None, schema_digest=None, graph=None)
    known = night.control.get(f"/api/v1/versions/{version}")
    if known is None:
        raise DeskError(f"{version} serves {model}, but the registry does not know it")
    manifest = known["manifest"]
    schema = msgspec.convert(manifest["features"], FeatureSchema)
    graph = graph_of(night.settings.bentoml_home, version)
    here = graph.is_file() and file_digest(graph) == manifest["onnx_digest"]
    return Champion(
        version=version,
        onnx_digest=manifest["onnx_digest"],
        schema_digest=schema.digest(),
        graph=graph.as_posix() if here else None,
    )


def graph_of(bentoml_home: Path, version: str) -> Path:
    """Where a version's graph lies in BentoML's model store, if it was made here."""
    name, _, number = version.partition(":")
    return bentoml_home / "models" / name / number / ONNX_FILE


def model_at(night: Night, model: str) -> dict[str, Any] | None:
    """A model as the control plane shows it; None before its first version."""
    models: list[dict[str, Any]] = night.control.get("/api/v1/models", limit="1000") or []
    return next((each for each in models if each["model"] == model), None)


def register(night: Night, model: str, checked: Checked, built: Built, card: Card) -> Registered:
    """POST of the manifest; the same again changes nothing."""
    del card
    night.check_unasked(checked.lines)
    body = msgspec.json.decode(Path(built.manifest_path).read_bytes())
    key = f"nightly-register-{built.version}-{built.manifest_digest[:16]}"
    answer = night.control.post("/api/v1/versions", body, key)
    if answer["model"] != model:
        raise DeskError(f"{built.version} was registered for {answer['model']}, not {model}")
    return Registered(version=answer["version"], state=answer["state"])


def draft(
    night: Night,
    model: str,
    checked: Checked,
    registered: Registered,
    judged: Judged,
    champion: Champion,
) -> Drafted:
    """One draft release of tonight's version, if the gates say so."""
    serving = model_at(night, model)
    if serving is None:
        raise DeskError(f"{registered.version} is registered, but there is no model {model}")
    why = reason_against(registered, judged, champion)
    if why is not None:
        return Drafted(action="none", release=None, why=why)
    night.check_unasked(checked.lines)
    return draft_release(night.control, serving, registered.version, judged, night.record.id)


def reason_against(registered: Registered, judged: Judged, champion: Champion) -> str | None:
    """Why nothing is drafted, or None."""
    if registered.version == champion.version:
        return f"{registered.version} serves already"
    if registered.state != "registered":
        return f"{registered.version} is {registered.state}"
    if judged.failures:
        return "; ".join(judged.failures)
    if judged.verdict.value != "better":
        return "; ".join(gate.said for gate in judged.gates if gate.name == "champion")
    return None


def nobody(night: Night, model: str) -> Champion:
    """Without a control plane nothing serves that could be asked for."""
    del night, model
    return Champion(version=None, onnx_digest=None, schema_digest=None, graph=None)
