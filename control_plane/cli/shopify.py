"""``signalbox shopify``: apps whose secrets open the storefront's doors."""

from typing import Annotated

import typer

from control_plane.cli.api import call, call_all
from control_plane.cli.output import Json, show

shopify = typer.Typer(no_args_is_help=True, help="Shopify apps that open the storefront's doors.")
_PATH = "/api/v1/shopify-apps"


@shopify.command("set")
def set_app(  # noqa: PLR0913, PLR0917 - a command's options
    client_id: str,
    domain: Annotated[str, typer.Option(help="<store>.myshopify.com")],
    secret: Annotated[
        list[str],
        typer.Option(
            help="Where gateways read it: file:NAME or env:SIGNALBOX_SHOPIFY_NAME; two "
            "while rotating."
        ),
    ],
    proxy_model: Annotated[
        list[str] | None, typer.Option(help="A model the app proxy reaches; repeat.")
    ] = None,
    checkout_model: Annotated[
        list[str] | None, typer.Option(help="A model the checkout reaches; repeat.")
    ] = None,
    rate: Annotated[int | None, typer.Option(help="Requests per second of each door.")] = None,
    shop: str | None = None,
    as_json: Json = False,
) -> None:
    """Add an app, or replace what is known of it. The secret itself is never sent."""
    body = {
        "shop": shop,
        "domain": domain,
        "secrets": secret,
        "proxy_models": proxy_model or [],
        "checkout_models": checkout_model or [],
        "rate": rate,
    }
    show(call("PUT", f"{_PATH}/{client_id}", body), as_json)


@shopify.command("list")
def list_apps(as_json: Json = False) -> None:
    """All apps."""
    columns = ("client_id", "domain", "secrets", "proxy_models", "checkout_models", "rate")
    show(call_all(_PATH), as_json, columns)


@shopify.command("remove")
def remove_app(client_id: str, as_json: Json = False) -> None:
    """Close an app's doors."""
    show(call("DELETE", f"{_PATH}/{client_id}"), as_json)
