"""Consents of a made-up merchant, for homes without a control plane."""

import hashlib
from pathlib import Path

from bentos.contract.training_consent import Purpose
from training import consent_file
from training.consent_file import OwnConsent
from training.settings import Settings

TEXT_DIGEST = hashlib.sha256(b"You may train these models on our orders.").hexdigest()


def give_consents(home: Path, *purposes: str, shop: str = "demo-shop") -> list[OwnConsent]:
    """Record the merchant's consents for these purposes, by default for all."""
    settings = Settings(home=home, shop=shop)
    wanted = [Purpose(each) for each in purposes] or list(Purpose)
    return [consent_file.give(settings, plan(purpose, shop)) for purpose in wanted]


def plan(purpose: Purpose, shop: str = "demo-shop", **changes: str) -> OwnConsent:
    """One consent to be given."""
    told = {
        "text_version": "2026-11",
        "text_digest": TEXT_DIGEST,
        "given_by": "M. Moreau, managing director",
        "given_at": "2026-11-20T09:00:00Z",
        "document": "agreement of 2026-11-20",
        **changes,
    }
    return OwnConsent(id="", shop=shop, purpose=purpose, **told)
