"""Shopify apps: added, changed, their secrets rotated, their doors closed.

A client secret is never typed in here: a form takes the name of where each gateway reads it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from nicegui import html

from bentos.contract.errors import ContractError
from bentos.contract.register import Action
from bentos.contract.shopify import MAX_LIVE_SECRETS
from control_plane.console.desk import Desk
from control_plane.console.elements.choices import choices_field, chosen
from control_plane.console.elements.dialog import ask
from control_plane.console.elements.field import area_field, text_field
from control_plane.console.elements.form import Question, Values, nothing
from control_plane.console.elements.moment import spoken
from control_plane.console.orders.caller import rate_given
from control_plane.console.seat import Attempt
from control_plane.db import ReadSession, WriteSession
from control_plane.principal import Permission, Principal
from control_plane.shopify_apps import service
from control_plane.shopify_apps.models import ShopifyAppRow
from control_plane.shopify_apps.schemas import ShopifyAppIn
from control_plane.shopify_apps.service import AppOrder

Row = dict[str, Any]
REFERENCE = "file:NAME in the home's keys folder, or env:SIGNALBOX_SHOPIFY_NAME."


async def ask_add(desk: Desk, models: Sequence[str]) -> None:
    """Add an app; ``models`` are public."""

    def fields() -> None:
        hint = "From the app's settings at Shopify."
        text_field("client_id", "Client id", required=True, focus=True, hint=hint, maxlength="100")
        _fields({}, models)

    async def submit(values: Values) -> str:
        order = _order(values, values.text("client_id"), desk.parts.settings.shop)
        await desk.write(_attempt(Action.SHOPIFY_APP_SET, order.client_id), partial(_add, order))
        return f"{order.client_id} is known to every gateway within a second."

    question = Question(title="New Shopify app", confirm="Add it", fields=fields, submit=submit)
    ask(desk, question)


@dataclass
class Asking:
    """A question about one app. ``row``: the app as it was when it was looked at last."""

    desk: Desk
    row: Row

    async def change(self, models: Sequence[str]) -> None:
        """Another domain, other secrets, models or limits."""

        async def submit(values: Values) -> str:
            await self._set(_order(values, self.row["client_id"], self.row["shop"]))
            return f"{self.row['client_id']} is changed, in every gateway within a second."

        self._ask("Change", "Change it", submit, fields=partial(_fields, self.row, models))

    async def rotate(self) -> None:
        """A second secret beside the first, which is good until ``end_rotation``."""

        def fields() -> None:
            hint = f"Where gateways read it: {REFERENCE}"
            text_field("secret", "The new secret", required=True, focus=True, hint=hint)

        async def submit(values: Values) -> str:
            await self._set_secrets([values.text("secret"), *self.row["secrets"]])
            return "Both secrets are good. Rotate at Shopify now."

        told = (
            "Put the new secret where every gateway reads it first.",
            "What either of the two signed is taken until you end the rotation.",
        )
        self._ask("Rotate the secret", "Take both", submit, fields=fields, told=told)

    async def end_rotation(self) -> None:
        """The new secret alone."""

        async def submit(_: Values) -> str:
            await self._set_secrets(self.row["secrets"][:1])
            return "The new secret alone is good."

        told = (
            f"What {self.row['secrets'][-1]} signed is refused from now on.",
            "Wait for an hour after Shopify rotated: it signs with the old one for so long.",
        )
        self._ask("End the rotation", "Keep the new one alone", submit, told=told)

    async def remove(self) -> None:
        """Close its doors."""
        client_id = self.row["client_id"]

        async def submit(_: Values) -> str:
            await self.desk.write(
                _attempt(Action.SHOPIFY_APP_REMOVE, client_id),
                lambda session, who: service.remove_app(session, who, client_id)["client_id"],
            )
            return f"The doors of {client_id} are closed."

        told = (
            "Its calls from the shop and its checkout are refused from now on.",
            "So are its webhooks, orders and law requests among them.",
        )
        self._ask("Close the doors", "Close them", submit, told=told, kind="primary stop")

    async def look_again(self) -> None:
        """Bring the app up to date; what was typed stays."""

        def load(session: ReadSession, _: Principal) -> Row:
            return service.app_view(service.get_app(session, self.row["client_id"]))

        self.row = await self.desk.seat.read(load)

    def _ask(
        self,
        what: str,
        confirm: str,
        submit: Callable[[Values], Awaitable[str]],
        *,
        fields: Callable[[], None] = nothing,
        told: Sequence[str] = (),
        kind: str = "primary",
    ) -> None:
        question = Question(
            title=f"{what}: {self.row['domain']}",
            confirm=confirm,
            explain=partial(self._explain, told),
            fields=fields,
            submit=submit,
            look_again=self.look_again,
            kind=kind,
        )
        ask(self.desk, question)

    def _explain(self, told: Sequence[str]) -> None:
        with html.ul().classes("consequence"):
            with html.li():
                html.code(self.row["client_id"])
                html.span(f" reads {' and '.join(self.row['secrets'])}").classes("quiet")
            reached = {"App proxy": "proxy_models", "checkout": "checkout_models"}
            doors = (f"{n} reaches {', '.join(self.row[d]) or 'none'}" for n, d in reached.items())
            html.li("; ".join(doors))
            html.li(f"Set by {self.row['set_by']}, {spoken(self.row['set_at'])}")
            for each in told:
                html.li(each)

    async def _set_secrets(self, secrets: list[str]) -> None:
        known = {name: value for name, value in self.row.items() if not name.startswith("set_")}
        await self._set(AppOrder(**known | {"secrets": secrets}))

    async def _set(self, order: AppOrder) -> None:
        attempt = _attempt(Action.SHOPIFY_APP_SET, order.client_id)
        await self.desk.write(attempt, partial(_replace, order, self.row["set_at"]))


def _add(order: AppOrder, session: WriteSession, who: Principal) -> str:
    if session.get(ShopifyAppRow, order.client_id) is not None:
        hint = "Change that one instead."
        raise ContractError("client_id", "an app nobody has added yet", order.client_id, hint)
    return service.set_app(session, who, order).client_id


def _replace(order: AppOrder, set_at: str, session: WriteSession, who: Principal) -> str:
    service.check_unchanged(session, order.client_id, set_at)
    return service.set_app(session, who, order).client_id


def _fields(row: Row, models: Sequence[str]) -> None:
    hint = "Of the shop it is installed in."
    placeholder = "my-store.myshopify.com"
    domain = row.get("domain", "")
    text_field("domain", "Domain", value=domain, required=True, hint=hint, placeholder=placeholder)
    hint = f"One a line, {MAX_LIVE_SECRETS} while rotating: {REFERENCE} Never the secret itself."
    secrets = "\n".join(row.get("secrets", ["file:shopify.secret"]))
    area_field("secrets", "Where gateways read the client secret", value=secrets, hint=hint)
    reached = {*row.get("proxy_models", ()), *row.get("checkout_models", ())}
    named = [(each, each) for each in models]
    named += [(each, f"{each}: no longer public") for each in sorted(reached - {*models})]
    hint = "Public models only." if models else "No model is public yet."
    for name, legend in (("proxy", "The app proxy reaches"), ("checkout", "The checkout reaches")):
        choices_field(name, legend, named, ticked=row.get(f"{name}_models", ()), hint=hint)
    rate = str(row.get("rate") or "")
    hint = "Requests per second of each door; empty: no limit."
    text_field("rate", "At most", value=rate, kind="number", hint=hint, min="1", max="1000000")


def _order(values: Values, client_id: str, shop: str) -> AppOrder:
    body = ShopifyAppIn(
        shop=shop,
        domain=values.text("domain"),
        secrets=values.get("secrets", "").split(),
        proxy_models=chosen(values, "proxy"),
        checkout_models=chosen(values, "checkout"),
        rate=rate_given(values.get("rate", "")),
    )
    return AppOrder(**body.model_dump() | {"client_id": client_id})


def _attempt(action: Action, client_id: str) -> Attempt:
    return Attempt(action=action, entity=f"shopify_app:{client_id}", permission=Permission.CALLERS)
