"""A version's schema names each view with the digest of its definition; both must be ours."""

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.features import FeatureSchema, views_of
from training.features.registry import view_of


def check_pins(schema: FeatureSchema) -> None:
    """Raise ContractError unless every view a schema reads is one of the registry's, pinned by
    the digest of the definition that its values come from, with fields that it has.

    Then the manifest says which meaning was trained on, and gateways serve no other.
    """
    for declared in views_of(schema):
        field = f"schema of {schema.model}.views.{declared.tag}"
        view = view_of(declared.tag, field)
        ours = view.declared
        if declared.digest is msgspec.UNSET:
            raise ContractError(f"{field}.digest", f"{ours.digest}", "none")
        if declared != ours:
            raise ContractError(field, f"{ours}", f"{declared}", "Pin the view as it is recorded.")
        for feature in schema.features:
            tag, name = feature.view_field
            if tag == declared.tag and name not in view.fields:
                expected = f"one of {list(view.fields)}"
                raise ContractError(f"{field} feature {feature.name}", expected, name)
