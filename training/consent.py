"""On which basis these orders may be used. Without one nothing is read."""

from training.errors import ConsentError
from training.mapping import Mapping


def consent_basis(mapping: Mapping, stated: str | None) -> str:
    """The basis that goes into every manifest: as stated, else the mapping's own declaration.

    Public and simulated sets declare one; a merchant's own file does not. Raises
    ConsentError then.
    """
    basis = (stated or mapping.consent_basis or "").strip()
    if not basis:
        raise ConsentError(
            "--consent-basis",
            "the basis for training on these orders, such as 'contract: terms of sale 2026-01'",
            "none",
            f"Mapping {mapping.name} is a merchant's own data and declares none.",
        )
    return basis
