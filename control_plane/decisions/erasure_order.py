"""Whom an order to erase names: raw ids become pseudonyms here, in memory, and are kept nowhere."""

from bentos.contract.errors import ContractError
from control_plane.config import Settings
from control_plane.decisions.schemas import ErasureIn
from control_plane.decisions.subject import TARGETING_KEY_KIND, check_subject, pseudonym_of


def subjects_of(settings: Settings, body: ErasureIn) -> list[str]:
    """Pseudonyms of everybody named; raises ContractError, also when nobody is."""
    found = [check_subject(each, f"subjects[{i}]") for i, each in enumerate(body.subjects)]
    key_file, shop = settings.keys / "pseudonym.key", body.shop or settings.shop
    named = [(TARGETING_KEY_KIND, key) for key in body.targeting_keys]
    named += [(each.kind, each.id) for each in body.entities]
    found += [pseudonym_of(key_file, shop, kind, raw) for kind, raw in named]
    if not found:
        raise ContractError("subjects", "a pseudonym, a targeting key or an entity", "nobody")
    return found
