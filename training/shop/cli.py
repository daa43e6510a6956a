"""``python -m training shop``: which shops are connected, and how.

Secrets come from files, never from arguments: those are seen by everyone on the machine.
"""

import secrets
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from bentos.contract.errors import ContractError
from bentos.contract.shopify import normal_shop
from bentos.shopify_admin import authorization
from bentos.shopify_admin.clock import SystemClock
from bentos.shopify_admin.connected import connect
from bentos.shopify_admin.connection import (
    CLIENT_ID,
    MAX_SECRET_CHARACTERS,
    Connection,
    ConnectionStore,
)
from bentos.shopify_admin.tokens import Asking
from bentos.shopify_admin.transport import Transport, site_of
from training.settings import Settings
from training.shop.sync_commands import shop_status, sync_shop

app = typer.Typer(no_args_is_help=True, help="Connect shops and read their orders.")
app.command("sync")(sync_shop)
app.command("status")(shop_status)

Domain = Annotated[str, typer.Option(help="The shop, <store>.myshopify.com.")]
ClientId = Annotated[str | None, typer.Option(help="Client id of the app (Dev Dashboard).")]
SecretFile = Annotated[Path | None, typer.Option(help="File with the app's client secret, alone.")]
Site = Annotated[
    str | None,
    typer.Option(help="Where the shop answers instead, such as what stands in for Shopify."),
]


@app.command("connect")
def connect_shop(
    *,
    domain: Domain,
    client_id: ClientId = None,
    secret_file: SecretFile = None,
    refresh_token_file: Annotated[
        Path | None, typer.Option(help="Refresh token of an expiring offline token, if there is.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(help="An old token that never expires (shpat_…), alone.")
    ] = None,
    site: Site = None,
) -> None:
    """Connect a shop: with the app's own credentials, a refresh token, or an old token."""
    shop = normal_shop(domain, "--domain")
    if token_file is not None:
        token = _secret(token_file, "--token-file")
        wanted = Connection(shop=shop, grant="static", site=site, access_token=token)
    else:
        name, secret = _credentials(client_id, secret_file)
        refresh = refresh_token_file and _secret(refresh_token_file, "--refresh-token-file")
        wanted = Connection(
            shop=shop,
            grant="offline" if refresh else "client_credentials",
            site=site,
            client_id=name,
            client_secret=secret,
            refresh_token=refresh or "",
        )
    _print(connect(Settings().home, wanted))


@app.command("authorize")
def authorize_shop(
    *,
    domain: Domain,
    client_id: ClientId = None,
    secret_file: SecretFile = None,
    redirect_uri: Annotated[str, typer.Option(help="One the app allows, such as its own page.")],
    site: Site = None,
) -> None:
    """Connect a shop of somebody else (a public app): the merchant allows it in a browser.

    Prints the address to open and reads the address the browser ends at from standard input.
    """
    shop = normal_shop(domain, "--domain")
    name, secret = _credentials(client_id, secret_file)
    state = secrets.token_urlsafe(24)
    address = authorization.permission_url(shop, name, redirect_uri, state)
    sys.stderr.write(f"Open this, allow the app, and paste where the browser ends:\n{address}\n")
    sys.stderr.flush()
    clock = SystemClock()
    callback = sys.stdin.readline().strip()
    code = authorization.code_of(callback, shop, secret, state, clock.now().timestamp())
    wanted = Connection(shop=shop, grant="offline", site=site, client_id=name, client_secret=secret)
    transport = Transport()
    try:
        got = Asking(transport, site_of(shop, site), clock).of_code(wanted, code)
    finally:
        transport.close()
    _print(connect(Settings().home, got))


@app.command("list")
def list_shops() -> None:
    """The connected shops: how, since when and with which scopes; no secrets."""
    store = ConnectionStore(Settings().keys)
    _write([_seen(store.read(shop)) for shop in store.shops()])


@app.command("disconnect")
def disconnect_shop(*, domain: Domain) -> None:
    """Forget a shop's credentials. What was synced stays: redaction is another matter."""
    shop = normal_shop(domain, "--domain")
    _write({"shop": shop, "was_connected": ConnectionStore(Settings().keys).remove(shop)})


@app.command("reseal")
def reseal_shops() -> None:
    """Seal all with the first key of keys/shopify_admin.key, after a new one was put there."""
    _write({"resealed": ConnectionStore(Settings().keys).reseal()})


def _credentials(client_id: str | None, secret_file: Path | None) -> tuple[str, str]:
    if client_id is None or not CLIENT_ID.fullmatch(client_id):
        raise ContractError("--client-id", "the app's client id", client_id)
    if secret_file is None:
        raise ContractError("--secret-file", "a file with the app's client secret", None)
    return client_id, _secret(secret_file, "--secret-file")


def _secret(path: Path, option: str) -> str:
    try:
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(option, "a file that can be read", type(error).__name__) from None
    if not text or len(text) > MAX_SECRET_CHARACTERS or len(text.split()) != 1:
        raise ContractError(option, "one word alone in the file", f"{len(text)} characters")
    return text


def _seen(connection: Connection) -> dict[str, Any]:
    return {
        "shop": connection.shop,
        "grant": connection.grant,
        "client_id": connection.client_id,
        "site": connection.site,
        "expires_at": connection.expires_at,
        "refresh_expires_at": connection.refresh_expires_at,
        "scopes": connection.scopes,
    }


def _print(connection: Connection) -> None:
    _write(_seen(connection))
    missing = sorted(set(authorization.SCOPES) - set(connection.scopes))
    if "read_all_orders" in missing:
        sys.stderr.write("without read_all_orders only the last 60 days of orders are seen\n")
    if others := [scope for scope in missing if scope != "read_all_orders"]:
        sys.stderr.write(f"scopes the app does not have here: {', '.join(others)}\n")


def _write(record: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(record), indent=2) + b"\n")
