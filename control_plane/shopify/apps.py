"""Which Shopify apps may deliver here, and the secrets they sign with.

The apps are rows of the control plane's database, the secrets files of this machine's keys
folder. While that database is away the last apps known go on, also over a restart: they are kept
beside the inbox (references only, no secret).
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from bentos.contract.errors import ContractError
from bentos.shopify_secrets import ShopifySecrets
from bentos.whole_file import write_whole
from control_plane.config import Settings
from control_plane.db import Database
from control_plane.shopify_apps.service import list_apps

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """An app, and the references to its secrets, newest first. ``shop`` is the installation's
    name of ``domain``."""

    client_id: str
    shop: str
    domain: str
    secrets: tuple[str, ...]


Source = Callable[[], list[App]]


def from_database(settings: Settings) -> Source:
    """Reads the control plane's tables; raises UnavailableError or ContractError when asked."""
    opened: list[Database] = []

    def read() -> list[App]:
        if not opened:
            address = settings.database
            if isinstance(address, Path) and not address.is_file():
                raise ContractError("SIGNALBOX_HOME", "a control plane's database", "none")
            opened.append(Database(settings.database))
        with opened[0].read() as session:
            return [
                App(row.client_id, row.shop, row.domain, tuple(row.secrets))
                for row in list_apps(session)
            ]

    return read


class Apps:
    """The apps in force."""

    def __init__(self, source: Source, keys: Path, remembered: Path) -> None:
        self.failing: str | None = None
        self._source = source
        self._remembered = remembered
        self._secrets = ShopifySecrets(keys)
        self._apps: tuple[App, ...] = ()
        self._take(_recall(remembered))

    def refresh(self) -> None:
        """Called on a timer: take what was changed, of apps and of secrets."""
        try:
            apps = tuple(self._source())
            self.failing = None
        except Exception as error:
            # Whatever is wrong there, deliveries go on being taken under the last apps known.
            if self.failing is None:  # said once, not every two seconds
                log.exception("ingress_apps_unknown")
            self.failing = f"{type(error).__name__}: {error}"
            apps = self._apps
        if apps != self._apps:
            self._take(apps)
            write_whole(self._remembered, json.dumps([asdict(each) for each in apps]))
            log.info("ingress_apps", apps=[each.client_id for each in apps])
        else:
            self._secrets.look()

    def all(self) -> tuple[App, ...]:
        """Every app."""
        return self._apps

    def of(self, domain: str) -> list[tuple[App, tuple[bytes, ...]]]:
        """Apps of a shop, each with the secrets that could be read."""
        return [
            (each, self._secrets.of(each.secrets)) for each in self._apps if each.domain == domain
        ]

    def lacking(self) -> str | None:
        """Why no delivery can be checked here, or None."""
        if not self._apps:
            return "no Shopify app is set up: signalbox shopify set"
        if any(self._secrets.of(each.secrets) for each in self._apps):
            return None
        named = ", ".join(each.client_id for each in self._apps)
        return f"no client secret can be read, of the apps {named}: see the log"

    def _take(self, apps: tuple[App, ...]) -> None:
        self._secrets.read([reference for each in apps for reference in each.secrets])
        self._apps = apps


def _recall(path: Path) -> tuple[App, ...]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return ()
    except (OSError, ValueError):
        log.warning("ingress_apps_not_remembered", path=path.name)
        return ()
    return tuple(App(**{**entry, "secrets": tuple(entry["secrets"])}) for entry in entries)
