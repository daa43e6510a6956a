"""What the gateway knows at one moment, swapped whole: a request sees one snapshot only.

Compiled from the five documents; nothing here is computed per request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from bentos.contract.attributes import AttributeType
from bentos.contract.documents import (
    DocumentName,
    EndpointsBody,
    KillBody,
    Revision,
    RoutesBody,
    SchemasBody,
)
from bentos.contract.features import views_of
from bentos.contract.local_kill import LocalKill
from bentos.contract.packing import Packer
from bentos.contract.rows import row_type
from bentos.contract.signature import ModelSignature, entities_of
from gateway.consent import PersonalInputs
from gateway.errors import Unpackable
from gateway.feature_lookup import EntityReader, FeatureLookup
from gateway.kept_inputs import KeptInputs
from gateway.lane import Lane
from gateway.local_kill import over
from gateway.routing import Routes


class ModelView:
    """A model as callers see it, with its decoders."""

    def __init__(self, signature: ModelSignature) -> None:
        self.signature = signature
        self.inputs = {spec.name: spec for spec in signature.inputs}
        self.row_type = row_type(signature)
        self.entities = EntityReader(signature) if entities_of(signature) else None
        "Reads the ids of the entities rows are about; None where the model names none."
        self.kept = KeptInputs(signature)
        self.personal = PersonalInputs(signature)
        self.bands = tuple(spec.band for spec in signature.outputs if spec.band)
        "Pairs of inputs that bound an output: the first may not exceed the second."
        self.body_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(
            msgspec.defstruct(
                f"{signature.model}_predict",
                [
                    ("instances", list[self.row_type]),  # type: ignore[name-defined]
                    ("targeting_key", Any, None),
                    ("attributes", dict[str, Any], msgspec.field(default_factory=dict)),
                    ("version", str | None, None),
                    ("consent", Any, None),
                ],
                forbid_unknown_fields=True,
                gc=False,
            )
        )


@dataclass(frozen=True)
class Snapshot:
    """Routes, models, packers and lanes that belong together."""

    routes: Routes | None = None
    models: Mapping[str, ModelView] = field(default_factory=dict)
    packers: Mapping[str, Packer] = field(default_factory=dict)
    kept: Mapping[str, KeptInputs] = field(default_factory=dict)
    "Of versions that read feature views; of all others their model's."
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    model_of: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, AttributeType] = field(default_factory=dict)
    features: FeatureLookup | None = None


def compile_models(schemas: SchemasBody, known: Mapping[str, ModelView]) -> dict[str, ModelView]:
    """One view per model; a view whose signature is unchanged is kept."""
    views: dict[str, ModelView] = {}
    for model, digest in schemas.current.items():
        signature = schemas.signatures[digest]
        view = known.get(model)
        views[model] = view if view and view.signature == signature else ModelView(signature)
    return views


def compile_packers(schemas: SchemasBody, models: Mapping[str, ModelView]) -> dict[str, Packer]:
    """One packer per version, against the signature callers use now."""
    return {
        version: Packer(schemas.features[entry.features], models[entry.model].signature, Unpackable)
        for version, entry in schemas.versions.items()
        if entry.model in models
    }


def compile_kept(schemas: SchemasBody, models: Mapping[str, ModelView]) -> dict[str, KeptInputs]:
    """What a decision keeps of the inputs of each version that reads feature views."""
    return {
        version: KeptInputs(models[entry.model].signature, schemas.features[entry.features])
        for version, entry in schemas.versions.items()
        if entry.model in models and views_of(schemas.features[entry.features])
    }


def with_schemas(schemas: SchemasBody, last: Snapshot) -> Snapshot:
    """The snapshot with the models, packers and attributes of a new schemas document."""
    models = compile_models(schemas, last.models)
    return replace(
        last,
        models=models,
        packers=compile_packers(schemas, models),
        kept=compile_kept(schemas, models),
        model_of={version: entry.model for version, entry in schemas.versions.items()},
        attributes=schemas.attributes,
    )


def compile_routes(
    bodies: Mapping[DocumentName, Any],
    revisions: Mapping[DocumentName, Revision],
    local: Mapping[str, LocalKill],
    last: Routes | None = None,
) -> Routes | None:
    """Routes and kills together, local kills before published ones; None until both are known.

    A kill is obeyed before any rule, so without the kill document no rule may serve. Routes that
    ``last`` was made of are not compiled again: only its kills are replaced.
    """
    routes: RoutesBody | None = bodies.get(DocumentName.ROUTES)
    kills: KillBody | None = bodies.get(DocumentName.KILL)
    if routes is None or kills is None:
        return None
    number, kill_number = revisions[DocumentName.ROUTES], revisions[DocumentName.KILL]
    if last is not None and last.body is routes and last.revision == number:
        return last.with_kills(over(kills, local), kill_number)
    return Routes(routes, over(kills, local), number, kill_number)


def addresses(bodies: Mapping[DocumentName, Any]) -> Mapping[str, tuple[str, ...]]:
    """version → addresses of the endpoints document."""
    endpoints: EndpointsBody = bodies.get(DocumentName.ENDPOINTS, EndpointsBody())
    return endpoints.versions
