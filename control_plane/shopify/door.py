"""What a delivery must pass before it is written: an app of its shop, a signature, a form."""

import json
from collections.abc import Callable

import msgspec

from bentos.contract.errors import ContractError
from bentos.contract.identity import Pseudonymizer
from bentos.contract.shopify import SignatureRefused, Why, check_webhook
from control_plane import clock
from control_plane.shopify.apps import App, Apps
from control_plane.shopify.delivery import Claims, Delivery
from control_plane.shopify.kept import keep
from control_plane.shopify.payloads import BODIES

_encoder = msgspec.json.Encoder()


class NotReadyError(Exception):
    """There is an app for this shop, and none of its secrets can be read."""


class Door:
    """Checks and reads deliveries; knows no HTTP."""

    def __init__(
        self, apps: Apps, pseudonyms: Pseudonymizer, now: Callable[[], str] = clock.now
    ) -> None:
        self._apps = apps
        self._pseudonyms = pseudonyms
        self._now = now

    def admit(self, claims: Claims, body: bytes) -> Delivery:
        """The delivery as it is to be written.

        Raises SignatureRefused where no app of the claimed shop signed this body, NotReadyError.
        A body that does not read is a delivery too: it is set aside, with why.
        """
        app = self._signer(claims, body)
        topic, received = claims.topic, self._now()
        if topic not in BODIES:
            return Delivery(app.client_id, app.shop, claims, received, None)
        try:
            kept = keep(
                topic,
                body,
                claims.domain,
                lambda kind, raw: self._pseudonyms.pseudonym(app.shop, kind, raw),
            )
        except ContractError as error:
            return Delivery(app.client_id, app.shop, claims, received, None, _said(error))
        return Delivery(app.client_id, app.shop, claims, received, _encoder.encode(kept))

    def _signer(self, claims: Claims, body: bytes) -> App:
        apps = self._apps.of(claims.domain)
        refusal = SignatureRefused(
            "header x-shopify-shop-domain", "a shop of an app here", "another", why=Why.SHOP
        )
        if apps and not any(secrets for _, secrets in apps):
            raise NotReadyError
        for app, secrets in apps:
            try:
                check_webhook(body, claims.hmac, secrets)
            except SignatureRefused as error:
                refusal = error
            else:
                return app
        raise refusal


def _said(error: ContractError) -> str:
    return json.dumps({"field": error.field, "expected": error.expected, "got": str(error.got)})
